/* attack-ptrace: what a parent or a debugger does to a process, by ptrace(2).
 *   attack-ptrace hold PID                attaches, says "ok", and stays until standard input ends
 *   attack-ptrace poke PID ADDRESS HEX    writes up to 8 bytes (POKETEXT), and lets go
 *   attack-ptrace map PID                 makes the process map anonymous executable memory
 *   attack-ptrace run PROGRAM ARGUMENT... runs a program that it traces from the start */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SYSCALL_LEN = 2, MAP_LEN = 4096 };

static int die(const char *what)
{
    perror(what);
    exit(1);
}

static void attach(pid_t pid)
{
    if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) || waitpid(pid, NULL, 0) != pid)
        die("attach");
}

static void detach(pid_t pid)
{
    if (ptrace(PTRACE_DETACH, pid, NULL, NULL))
        die("detach");
}

static void hold(pid_t pid)
{
    attach(pid);
    if (ptrace(PTRACE_CONT, pid, NULL, NULL))
        die("continue");
    puts("ok");
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    kill(pid, SIGSTOP); /* a tracer may let go of what has stopped */
    waitpid(pid, NULL, 0);
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
    kill(pid, SIGCONT);
}

static void poke(pid_t pid, uintptr_t address, const char *hex)
{
    attach(pid);
    errno = 0;
    long word = ptrace(PTRACE_PEEKTEXT, pid, address, NULL);
    if (errno || strlen(hex) > 2 * sizeof word)
        die("peek");
    for (size_t i = 0; hex[2 * i]; i++)
        if (sscanf(hex + 2 * i, "%2hhx", (uint8_t *)&word + i) != 1)
            die(hex);
    if (ptrace(PTRACE_POKETEXT, pid, address, word))
        die("poke");
    detach(pid);
}

/* The process waits in a system call, so that the instruction before its next one makes one. */
static void map(pid_t pid)
{
    struct user_regs_struct before, regs;

    attach(pid);
    if (ptrace(PTRACE_GETREGS, pid, NULL, &before))
        die("registers");
    regs = before;
    regs.orig_rax = (unsigned long long)-1; /* no restart of the call that was interrupted */
    regs.rip = before.rip - SYSCALL_LEN;
    regs.rax = SYS_mmap;
    regs.rdi = 0;
    regs.rsi = MAP_LEN;
    regs.rdx = PROT_READ | PROT_EXEC;
    regs.r10 = MAP_PRIVATE | MAP_ANONYMOUS;
    regs.r8 = (unsigned long long)-1;
    regs.r9 = 0;
    if (ptrace(PTRACE_SETREGS, pid, NULL, &regs) || ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) ||
        waitpid(pid, NULL, 0) != pid || ptrace(PTRACE_GETREGS, pid, NULL, &regs))
        die("mmap");
    if (ptrace(PTRACE_SETREGS, pid, NULL, &before))
        die("registers");
    detach(pid);
    printf("%llx\n", regs.rax);
}

static int run(char **argv)
{
    pid_t pid = fork();

    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execv(argv[0], argv);
        _exit(127);
    }
    int status, signal = 0;
    while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
        signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
        ptrace(PTRACE_CONT, pid, NULL, signal);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";

    if (strcmp(what, "run") == 0)
        return run(argv + 2);
    pid_t pid = argc > 2 ? atoi(argv[2]) : 0;
    if (strcmp(what, "hold") == 0)
        hold(pid);
    else if (strcmp(what, "map") == 0)
        map(pid);
    else if (strcmp(what, "poke") == 0 && argc == 5)
        poke(pid, strtoull(argv[3], NULL, 16), argv[4]);
    else
        return 2;
    return 0;
}
