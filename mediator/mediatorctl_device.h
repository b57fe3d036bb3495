/* mediatorctl_device: the commands that keep the registry of devices. */
#pragma once

/* Its part of the usage. */
extern const char DEVICE_USAGE[];

/* What follows `mediatorctl device`. The exit code: 0 done, 1 refused, 2 wrong usage. */
int mediatorctl_device(int argc, char **argv);
