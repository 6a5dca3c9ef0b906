// Makes exactly the system calls that it is told, raw, and says what each of them gave.
//
// A word is [SLOT=]CALL[:ARGUMENT…][*TIMES]. An argument is a number or constants joined by `|`, `@a` for what slot a
// holds, `&8` for eight bytes to be filled (what a read puts there is told), `in/127.0.0.1/80` for a socket address, or
// else text. Beside system calls there are a few verbs, listed with what they do below.
//
// It speaks by writev, so that rules on write meet only what it was told to write.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct named {
	const char *name;
	long value;
};

#define CALL(name) {#name, SYS_##name}
static const struct named calls[] = {
    CALL(accept4), CALL(bind), CALL(chdir), CALL(clone), CALL(close), CALL(connect), CALL(dup),
    CALL(dup2), CALL(epoll_create1), CALL(exit), CALL(exit_group), CALL(fsync), CALL(ftruncate), CALL(getpgid),
    CALL(getpid), CALL(getppid), CALL(gettid), CALL(getuid), CALL(kill), CALL(listen), CALL(lseek), CALL(mkdirat),
    CALL(mmap), CALL(munmap), CALL(openat), CALL(pause), CALL(poll), CALL(pread64), CALL(prlimit64), CALL(ptrace), CALL(pwrite64),
    CALL(read), CALL(readlinkat), CALL(recvfrom), CALL(renameat), CALL(sched_yield), CALL(sendto), CALL(setresuid),
    CALL(socket), CALL(symlinkat), CALL(unlinkat), CALL(write), {0},
};

#define CONSTANT(name) {#name, name}
static const struct named constants[] = {
    CONSTANT(AF_INET), CONSTANT(AF_INET6), CONSTANT(AF_UNIX), CONSTANT(AT_FDCWD), CONSTANT(F_GETFD),
    CONSTANT(MAP_ANONYMOUS), CONSTANT(MAP_PRIVATE), CONSTANT(O_APPEND), CONSTANT(O_CREAT), CONSTANT(O_DIRECTORY),
    CONSTANT(O_RDONLY), CONSTANT(O_RDWR), CONSTANT(O_TRUNC), CONSTANT(O_WRONLY), CONSTANT(PROT_NONE),
    CONSTANT(PROT_READ), CONSTANT(SIGCHLD), CONSTANT(SIGKILL), CONSTANT(SIGSTOP), CONSTANT(SOCK_DGRAM),
    CONSTANT(SOCK_NONBLOCK), CONSTANT(SOCK_STREAM), {0},
};

static long slots[128];
// How often each call was made: by what came first in its word.
static int made[sizeof calls / sizeof *calls + 8];
static char memory[1 << 20];
static size_t used;

static const struct named *find(const struct named *table, const char *name) {
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

static void die(const char *why, const char *what) {
	fprintf(stderr, "raw: %s: %s\n", why, what);
	_exit(99);
}

static void say(const char *line) {
	struct iovec piece = {(void *)line, strlen(line)};
	syscall(SYS_writev, 1, &piece, 1);
}

// Whether the text is numbers and constants, and what they are together.
static int number(const char *text, long *value) {
	char copy[200], *rest = copy, *end, *part;
	snprintf(copy, sizeof copy, "%s", text);
	*value = 0;
	while ((part = strsep(&rest, "|"))) {
		const struct named *constant = find(constants, part);
		long one = constant ? constant->value : strtol(part, &end, 0);
		if (!*part || (!constant && *end))
			return 0;
		*value |= one;
	}
	return 1;
}

static long argument(char *text, char **filled) {
	long value;
	if (*text == '@')
		return slots[(int)text[1]];
	if (*text == '&') {
		*filled = memory + used;
		used += atol(text + 1) + 1;
		return used < sizeof memory ? (long)*filled : (die("too much memory", text), 0);
	}
	if (!strncmp(text, "in/", 3)) {
		char *host = text + 3, *port = strrchr(host, '/');
		struct sockaddr_in *address = (void *)(memory + used);
		used += sizeof *address;
		*port++ = 0;
		address->sin_family = AF_INET;
		address->sin_port = htons(atoi(port));
		inet_pton(AF_INET, host, &address->sin_addr);
		return (long)address;
	}
	return number(text, &value) ? value : (long)text;
}

static long now_us(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void tell(const char *name, int count, long result, int error, long took) {
	char line[200];
	snprintf(line, sizeof line, "made %s %d result=%ld errno=%d us=%ld\n", name, count, result, error, took);
	say(line);
}

// A system call, and what it read.
static long make(const struct named *call, char **words, int count) {
	long a[6] = {0};
	char *filled = NULL;
	used = (used + 15) & ~15UL;
	if (used > sizeof memory / 2)
		used = 0;
	for (int i = 1; i < count && i < 7; i++)
		a[i - 1] = argument(words[i], &filled);
	long begin = now_us();
	long result = syscall(call->value, a[0], a[1], a[2], a[3], a[4], a[5]);
	int error = result == -1 ? errno : 0;
	// fork's child is told of by its parent.
	if (call->value == SYS_clone && !result)
		return 0;
	tell(call->name, ++made[call - calls], result, error, now_us() - begin);
	if (filled && result > 0) {
		char line[300];
		snprintf(line, sizeof line, "data %.*s\n", (int)result, filled);
		say(line);
	}
	return result;
}

static void *wait_forever(void *unused) {
	for (;;)
		pause();
	return unused;
}

// The word behind the `end` of this child.
static char **behind(char **word) {
	for (int depth = 1; *word; word++) {
		depth += !strcmp(*word, "child") - !strcmp(*word, "end");
		if (!depth)
			return word + 1;
	}
	die("a child without an end", "");
	return word;
}

static void perform(char *word, char slot) {
	char *parts[12] = {0}, *rest = word;
	int count = 0;
	while (count < 11 && (parts[count] = strsep(&rest, ":")))
		count++;
	const struct named *call = find(calls, parts[0]);
	long result = 0;
	if (call) {
		result = make(call, parts, count);
	} else if (!strcmp(parts[0], "pipe")) {
		// pipe:r:w puts its ends in these slots.
		int ends[2];
		result = pipe(ends);
		slots[(int)*parts[1]] = ends[0], slots[(int)*parts[2]] = ends[1];
	} else if (!strcmp(parts[0], "thread")) {
		// A thread that does nothing until the end.
		pthread_t thread;
		pthread_attr_t small;
		pthread_attr_init(&small);
		pthread_attr_setstacksize(&small, 1 << 16);
		long begin = now_us();
		int error = pthread_create(&thread, &small, wait_forever, NULL);
		tell("thread", ++made[sizeof calls / sizeof *calls], 0, error, now_us() - begin);
	} else if (!strcmp(parts[0], "exec")) {
		// exec:PATH:ARGUMENT… comes back only if it fails.
		long begin = now_us();
		execv(parts[1], parts + 1);
		tell("exec", ++made[sizeof calls / sizeof *calls + 1], -1, errno, now_us() - begin);
	} else if (!strcmp(parts[0], "reap")) {
		// Waits for a child, and tells how it ended as a shell does.
		int status = 0;
		long pid = wait4(-1, &status, 0, NULL);
		int error = pid < 0 ? errno : 0;
		result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		tell("reap", ++made[sizeof calls / sizeof *calls + 2], result, error, 0);
	} else {
		die("no such call", parts[0]);
	}
	slots[(int)slot] = result;
}

int main(int count, char **words) {
	(void)count;
	for (char **word = words + 1; *word;) {
		if (!strcmp(*word, "end")) {
			_exit(0);
		} else if (!strcmp(*word, "child")) {
			// A child does what follows up to `end`; its parent waits for it, if it knows of one.
			int status;
			pid_t child = fork();
			if (child < 0)
				tell("child", 1, child, errno, 0);
			if (child > 0)
				waitpid(child, &status, 0);
			word = child ? behind(word + 1) : word + 1;
			continue;
		}
		char *text = strdup(*word++), *star = strrchr(text, '*'), slot = '.';
		int times = star ? atoi(star + 1) : 1;
		if (star)
			*star = 0;
		if (text[0] && text[1] == '=')
			slot = *text, text += 2;
		while (times-- > 0)
			perform(strdup(text), slot);
	}
	_exit(0);
}
