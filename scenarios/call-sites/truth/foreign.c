//go:build cgo

#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "_cgo_export.h"
#include "foreign.h"

// Makes the call that is marked.
void call(long mark) { syscall(SYS_getpgid, mark); }

void deep(long mark, int depth) {
	volatile char padding[4096] = {0};
	if (depth > 0)
		deep(mark, depth - 1);
	else
		call(mark + padding[depth]);
}

// Calls Go.
void call_back(int how) { goBack(how); }

static void *begin(void *how) {
	goBack(*(int *)how);
	return NULL;
}

// Calls Go from a thread that Go knows nothing about.
void thread(int how) {
	pthread_t thread;
	if (pthread_create(&thread, NULL, begin, &how) != 0)
		abort();
	pthread_join(thread, NULL);
}
