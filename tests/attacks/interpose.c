/* interpose: a library that takes the place of libc's getppid when it is preloaded, and then wipes
 * from the process's environment that it was (ATTACK_HIDE). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "patch.h"

extern char **environ;

__attribute__((visibility("default"))) pid_t getppid(void)
{
    return patch_hooked();
}

/* Over the bytes that /proc/self/environ shows, which unsetenv(3) leaves alone. */
static void wipe(char *variable)
{
    if (strncmp(variable, "LD_", 3) == 0)
        memset(variable, 'X', strcspn(variable, "="));
}

__attribute__((constructor)) static void hide(void)
{
    if (!getenv("ATTACK_HIDE"))
        return;
    for (char **variable = environ; *variable; variable++)
        wipe(*variable);
}
