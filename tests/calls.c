/* Makes every system call with arguments that no call takes, each in a process of its own, and prints `NUMBER ERRNO` for it.
 * Behind them some whose answer depends on an argument. Static, so that it starts in an empty root. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* They end, stop or hang up whoever makes them, or take long, whatever their arguments. And personality(-1): libseccomp
 * compares 64 bits of an argument that has 32, duress those 32; it is tried below with what programs pass. */
static const long skipped[] = {SYS_personality, SYS_exit, SYS_exit_group, SYS_fork, SYS_vfork, SYS_rt_sigreturn, SYS_pause, SYS_vhangup,
                               SYS_sync, SYS_restart_syscall, SYS_sched_yield, SYS_clone};

struct call {
    const char *name;
    long number, args[6];
};

static const struct call conditional[] = {
    {"clone(CLONE_NEWUSER)", SYS_clone, {0x10000000 | 17}},
    {"clone(CLONE_NEWNS)", SYS_clone, {0x00020000 | 0x00000200 | 17}},
    {"clone(CLONE_NEWCGROUP)", SYS_clone, {0x02000000 | 17}},
    {"clone()", SYS_clone, {17}},
    {"personality(PER_LINUX)", SYS_personality, {0}},
    {"personality(0x8)", SYS_personality, {8}},
    {"personality(UNAME26)", SYS_personality, {0x20000}},
    {"personality(query)", SYS_personality, {0xffffffff}},
    {"personality(0x1234)", SYS_personality, {0x1234}},
    {"socket(AF_VSOCK)", SYS_socket, {40, 1, 0}},
    {"socket(AF_UNIX)", SYS_socket, {1, 1, 0}},
    {"socket(39)", SYS_socket, {39, 1, 0}},
    {"socket(AF_ALG)", SYS_socket, {38, 5, 0}},
};

static void try(const char *name, long number, const long *args) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(5);
        long result = syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
        int error = result == -1 ? errno : 0;
        if (number == SYS_clone && result == 0) _exit(0);
        printf("%s %d\n", name, error);
        fflush(stdout);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (status != 0) printf("%s status %#x\n", name, status);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    const long none[6] = {-1, -1, -1, -1, -1, -1};
    for (long number = 0; number <= 450; number++) {
        int skip = number >= 335 && number < 424;
        for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++) skip |= skipped[i] == number;
        if (skip) continue;
        char name[16];
        snprintf(name, sizeof name, "%ld", number);
        try(name, number, none);
    }
    for (size_t i = 0; i < sizeof conditional / sizeof *conditional; i++)
        try(conditional[i].name, conditional[i].number, conditional[i].args);
    return 0;
}
