/* kill-at N PROGRAM [ARGUMENT]...: runs a program and kills it with SIGKILL as it enters its Nth
 * system call after the one by which it becomes non-dumpable, which is how our programs begin.
 * Exit code 0: it was killed; 3: it ended before, well; 1: anything else. */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

enum { KILLED = 0, FAILED = 1, ENDED = 3, SYSCALL_STOP = SIGTRAP | 0x80 };

static void become(char **argv)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    execvp(argv[0], argv);
    perror(argv[0]);
    _exit(127);
}

static bool is_beginning(const struct ptrace_syscall_info *info)
{
    return info->entry.nr == SYS_prctl && info->entry.args[0] == PR_SET_DUMPABLE;
}

/* Whether this stop is the entry of the call that it is to be killed at. */
static bool is_due(pid_t pid, bool *begun, long *left)
{
    struct ptrace_syscall_info info;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof info, &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return false;
    if (!*begun) {
        *begun = is_beginning(&info);
        return false;
    }
    return --*left == 0;
}

static int finish(pid_t pid)
{
    int state;

    kill(pid, SIGKILL);
    waitpid(pid, &state, 0);
    return KILLED;
}

static int trace(pid_t pid, long left)
{
    bool begun = false;
    int state, signal = 0;

    waitpid(pid, &state, 0);
    ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
    for (;;) {
        ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)signal);
        if (waitpid(pid, &state, 0) < 0 || !WIFSTOPPED(state))
            return WIFEXITED(state) && WEXITSTATUS(state) == 0 && begun ? ENDED : FAILED;
        signal =
            WSTOPSIG(state) == SYSCALL_STOP || WSTOPSIG(state) == SIGTRAP ? 0 : WSTOPSIG(state);
        if (WSTOPSIG(state) == SYSCALL_STOP && is_due(pid, &begun, &left))
            return finish(pid);
    }
}

int main(int argc, char **argv)
{
    long n = argc > 2 ? strtol(argv[1], NULL, 10) : 0;

    if (n < 1) {
        fprintf(stderr, "usage: kill-at N PROGRAM [ARGUMENT]...\n");
        return FAILED;
    }
    pid_t pid = fork();
    if (pid == 0)
        become(argv + 2);
    return pid < 0 ? FAILED : trace(pid, n);
}
