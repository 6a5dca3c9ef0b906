// Makes the same system calls again and again and says what each of them gave: run under strace and under duress, it
// shows whether both do the same to it.
//
// It has no C library, so that its first system call is its own, and rules cannot break a library's start. It goes on
// after every failure, and tells everything at its end, by a call that few rules name.

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/signalfd.h>

typedef unsigned long word;

static long kernel(word n, word a, word b, word c, word d, word e) {
	register word r10 asm("r10") = d, r8 asm("r8") = e, r9 asm("r9") = 0;
	long result;
	asm volatile("syscall"
	             : "=a"(result)
	             : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	             : "rcx", "r11", "memory");
	return result;
}

// What is told at the end.
static char report[1 << 17];
static word reported;

static void put(char c) {
	if (reported < sizeof report)
		report[reported++] = c;
}

static void text(const char *text) {
	while (*text)
		put(*text++);
}

static void number(long number) {
	char digits[24];
	int count = 0;
	word rest = number < 0 ? -(word)number : (word)number;
	do
		digits[count++] = '0' + rest % 10;
	while (rest /= 10);
	if (number < 0)
		put('-');
	while (count)
		put(digits[--count]);
}

// Letters as they are, other bytes in hexadecimal, without the zeros at the end.
static void bytes(const unsigned char *bytes, word size) {
	const char *hex = "0123456789abcdef";
	while (size && !bytes[size - 1])
		size--;
	for (word i = 0; i < size; i++)
		if (bytes[i] > ' ' && bytes[i] < 127 && bytes[i] != '\\')
			put(bytes[i]);
		else
			put('\\'), put(hex[bytes[i] >> 4]), put(hex[bytes[i] & 15]);
}

// Results that differ from run to run are told as what they are.
enum kind { VALUE, PID, ADDRESS };

// Ticks of the processor's clock that a call hardly takes by itself: 24 to 80 ms at 5 to 1.5 GHz.
enum { SLOW = 120000000 };

static int round;

// Makes a call, and tells its result and what its memory then holds.
static long make(const char *name, enum kind kind, const void *memory, word size, word n, word a, word b, word c,
                 word d, word e) {
	word begin = __builtin_ia32_rdtsc();
	long result = kernel(n, a, b, c, d, e);
	int is_slow = __builtin_ia32_rdtsc() - begin > SLOW;
	text("made ");
	number(round);
	put(' ');
	text(name);
	put(' ');
	if (kind == PID && result > 0 && result <= 1 << 22)
		text("pid");
	else if (kind == ADDRESS && result > 1 << 22)
		text("address");
	else
		number(result);
	put(' ');
	bytes(memory, size);
	text(is_slow ? " slow\n" : "\n");
	return result;
}

#define KIND(kind, memory, name, a, b, c, d, e)                                                                        \
	make(#name, kind, memory, sizeof memory, __NR_##name, (word)(a), (word)(b), (word)(c), (word)(d), (word)(e))
#define SHOW(memory, name, a, b, c) KIND(VALUE, memory, name, a, b, c, 0, 0)
#define CALL(name, a, b, c) SHOW("", name, a, b, c)

// Every round begins with the same memory, whatever was written there before.
static char path[16], other[16], data[16], buffer[512];
static int pair[2];
// That of a constant cannot be written by the program itself.
static const char here[] = "./.";

static void set(char *to, word size, const char *from) {
	for (word i = 0; i < size; i++) {
		((volatile char *)to)[i] = *from;
		if (*from)
			from++;
	}
}
#define SET(to, from) set((char *)to, sizeof to, from)

// What is the same in every run: the beginning of struct stat and struct statx, say.
#define HEAD (*(char(*)[8])buffer)

// SIGUSR1 is taken at once; the line comes before that of the call in which it arrives.
static void taken(int signo, siginfo_t *info, void *context) {
	(void)context;
	text("taken ");
	number(signo);
	put(' ');
	number(info->si_code);
	put(' ');
	number(info->si_errno);
	text(info->si_pid ? " by a process\n" : " by nobody\n");
}

// rt_sigreturn(2), which does not come back.
void back(void);
asm("back: mov $15, %eax\n syscall\n ud2");

struct kernel_sigaction {
	void (*handler)(int, siginfo_t *, void *);
	word flags;
	void (*restorer)(void);
	word mask;
};

enum { SIZE_OF_MASK = 8 };

// All others wait until they are read.
static void read_signals(int fd) {
	struct signalfd_siginfo info;
	for (int i = 0; i < 8; i++) {
		set((char *)&info, sizeof info, "");
		if (KIND(VALUE, "", read, fd, &info, sizeof info, 0, 0) != sizeof info)
			return;
		text("pending ");
		number(info.ssi_signo);
		put(' ');
		number(info.ssi_code);
		put(' ');
		number(info.ssi_errno);
		text(info.ssi_pid ? " by a process\n" : " by nobody\n");
	}
}

static void files(void) {
	SET(path, "file");
	long fd = KIND(VALUE, path, openat, AT_FDCWD, path, O_RDWR | O_CREAT, 0600, 0);
	SET(data, "some data");
	SHOW(data, write, fd, data, 9);
	// Of standard input: that of the file would wait for a disk.
	CALL(fsync, 0, 0, 0);
	CALL(lseek, fd, 0, 0);
	for (int i = 0; i < 2; i++) {
		SET(buffer, "");
		SHOW(buffer, read, fd, buffer, 4);
	}
	SET(data, "more");
	KIND(VALUE, data, pwrite64, fd, data, 4, 5, 0);
	SET(buffer, "");
	KIND(VALUE, buffer, pread64, fd, buffer, sizeof buffer, 2, 0);
	SET(buffer, "");
	SHOW(HEAD, fstat, fd, buffer, 0);
	SET(buffer, "");
	CALL(fstatfs, fd, buffer, 0);
	long copy = CALL(dup, fd, 0, 0);
	CALL(close, copy, 0, 0);
	CALL(close, fd, 0, 0);
	CALL(close, -1, 0, 0);
}

static void names(void) {
	SET(path, "file");
	SET(buffer, "");
	SHOW(HEAD, stat, path, buffer, 0);
	SET(buffer, "");
	SHOW(HEAD, lstat, path, buffer, 0);
	SET(buffer, "");
	KIND(VALUE, HEAD, newfstatat, AT_FDCWD, path, buffer, 0, 0);
	SET(buffer, "");
	KIND(VALUE, "", statfs, path, buffer, 0, 0, 0);
	SHOW(path, access, path, 0, 0);
	SET(other, "folder");
	SHOW(other, mkdir, other, 0755, 0);
	SHOW(other, rmdir, other, 0, 0);
	SHOW(here, chdir, here, 0, 0);
	SHOW(path, chmod, path, 0600, 0);
	SET(other, "link");
	SHOW(other, symlink, path, other, 0);
	SET(buffer, "");
	SHOW(buffer, readlink, other, buffer, sizeof buffer);
	SHOW(path, rename, path, other, 0);
	SHOW(other, unlink, other, 0, 0);
	SET(path, "absent");
	SHOW(path, execve, path, 0, 0);
}

static void others(void) {
	SET(pair, "");
	SHOW(pair, pipe2, pair, O_CLOEXEC, 0);
	CALL(close, pair[0], 0, 0);
	CALL(close, pair[1], 0, 0);
	CALL(poll, 0, 0, 0);
	long fd = CALL(socket, 1, 1, 0);
	SET(data, "\1");
	SHOW(data, connect, fd, data, sizeof data);
	CALL(shutdown, fd, 2, 0);
	CALL(close, fd, 0, 0);

	long page = KIND(ADDRESS, "", mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	CALL(mprotect, page, 4096, PROT_READ | PROT_WRITE);
	CALL(madvise, page, 4096, MADV_NORMAL);
	CALL(munmap, page, 4096, 0);
	KIND(ADDRESS, "", brk, 0, 0, 0, 0, 0);

	CALL(kill, 0, 0, 0);
	SET(buffer, "");
	SHOW(buffer, rt_sigpending, buffer, SIZE_OF_MASK, 0);
	CALL(wait4, -1, 0, 1);
	CALL(msgctl, -1, 2, 0);
	CALL(umask, 022, 0, 0);
	CALL(getuid, 0, 0, 0);
	CALL(getgroups, 0, 0, 0);
	KIND(VALUE, "", prctl, 3, 0, 0, 0, 0);
	KIND(PID, "", getpid, 0, 0, 0, 0, 0);
	KIND(PID, "", getpgid, 0, 0, 0, 0, 0);
	SET(buffer, "");
	SHOW(buffer, clock_getres, 1, buffer, 0);
	SET(buffer, "");
	SHOW(HEAD, uname, buffer, 0, 0);
	static const word millisecond[] = {0, 1000000};
	SET(buffer, "");
	CALL(nanosleep, millisecond, buffer, 0);
	CALL(sched_yield, 0, 0, 0);
}

asm(".globl _start\n_start: call run");

void run(void) {
	word all = -1;
	struct kernel_sigaction action = {taken, SA_SIGINFO | SA_RESTORER, back, all};
	KIND(VALUE, "", rt_sigaction, SIGUSR1, &action, 0, SIZE_OF_MASK, 0);
	word blocked = ~(1UL << (SIGUSR1 - 1));
	KIND(VALUE, "", rt_sigprocmask, SIG_SETMASK, &blocked, 0, SIZE_OF_MASK, 0);
	long signals = KIND(VALUE, "", signalfd4, -1, &blocked, SIZE_OF_MASK, SFD_NONBLOCK, 0);
	for (round = 1; round <= 4; round++) {
		files();
		for (int i = 0; i < 3; i++)
			KIND(PID, "", getppid, 0, 0, 0, 0, 0);
		names();
		others();
		read_signals(signals);
	}
	// Told again until it is taken, and the status says how often it was tried to end.
	word told = 0;
	for (int i = 0; i < 100 && told < reported; i++) {
		word piece[] = {(word)report + told, reported - told};
		long result = kernel(__NR_pwritev2, 1, (word)piece, 1, -1, -1);
		if (result > 0)
			told += result;
	}
	for (int status = 1;; status++)
		kernel(__NR_exit_group, status, 0, 0, 0, 0);
}
