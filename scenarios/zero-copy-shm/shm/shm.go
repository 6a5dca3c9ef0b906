// Package shm is the document's shared decision: written by Go through
// unsafe.Pointer, read by C from the same memory.
package shm

/*
#cgo LDFLAGS: -lrt
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
	uint8_t  punch_type;
	int16_t  target_x;
	int16_t  target_y;
	uint32_t timestamp_ns;
} punch_decision_t;

// A mapping of a shared memory object whose name is gone at once.
static void *shared(const char *name)
{
	int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return MAP_FAILED;
	shm_unlink(name);
	void *at = MAP_FAILED;
	if (ftruncate(fd, 4096) == 0)
		at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return at;
}

// What C finds in it.
static punch_decision_t found(void *at)
{
	return *(punch_decision_t *)at;
}

// As the document reads: an atomic load of the first field, then the others.
// Go writes equal numbers to both of them. Counts those that are not.
static long torn, reads;
static int stop;

static void *reader(void *at)
{
	volatile punch_decision_t *shm = at;
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		__atomic_load_n(&shm->punch_type, __ATOMIC_ACQUIRE);
		int16_t x = shm->target_x, y = shm->target_y;
		if (x != y)
			__atomic_add_fetch(&torn, 1, __ATOMIC_RELAXED);
		reads++;
	}
	return NULL;
}

static pthread_t thread;

static int start_reading(void *at)
{
	return pthread_create(&thread, NULL, reader, at);
}

static long torn_so_far(void)
{
	return __atomic_load_n(&torn, __ATOMIC_RELAXED);
}

static long stop_reading(void)
{
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	return reads;
}
*/
import "C"

import (
	"fmt"
	"os"
	"unsafe"
)

// Decision is a decision as Go has it.
type Decision struct {
	Type uint8
	X, Y int16
	Time int64 // time.Time.UnixNano
}

// Shared is the memory that both see.
type Shared struct{ at unsafe.Pointer }

// Open maps it.
func Open() (Shared, error) {
	name := C.CString(fmt.Sprintf("/zero-copy-shm-%d", os.Getpid()))
	defer C.free(unsafe.Pointer(name))
	at := C.shared(name)
	if uintptr(at) == ^uintptr(0) {
		return Shared{}, fmt.Errorf("no shared memory")
	}
	return Shared{at}, nil
}

// Write is the document's writeDecision, without the call C.ms_sync, which
// there is not.
func (s Shared) Write(d Decision) {
	shared := (*C.punch_decision_t)(s.at)
	shared.punch_type = C.uint8_t(d.Type)
	shared.target_x = C.int16_t(d.X)
	shared.target_y = C.int16_t(d.Y)
	shared.timestamp_ns = C.uint32_t(uint32(d.Time & 0xFFFFFFFF))
}

// Found is what C finds there, with the truncated time.
func (s Shared) Found() (kind uint8, x, y int16, time uint32) {
	d := C.found(s.at)
	return uint8(d.punch_type), int16(d.target_x), int16(d.target_y), uint32(d.timestamp_ns)
}

// Size is that of the structure in C.
const Size = C.sizeof_punch_decision_t

// StartReading has a thread of C read on and on.
func (s Shared) StartReading() bool { return C.start_reading(s.at) == 0 }

// Torn is how many decisions it has read of which one half was older.
func Torn() int { return int(C.torn_so_far()) }

// StopReading ends it, and says how often it read.
func StopReading() int { return int(C.stop_reading()) }
