/* board: what both example devices have besides the SDK: files, options, clocks. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct board_option {
    const char *name;   /* such as "--id" */
    const char **value; /* where it goes; what is there is the default, NULL: required */
};

/* Reads pairs "--name value"; complains and returns false for what is unknown or missing. */
bool board_options(int argc, char **argv, const struct board_option *options, size_t count);

/* The length read, or 0 after a complaint: a file has from 1 to cap bytes. */
size_t board_read_file(const char *path, char *out, size_t cap);
/* Whole or not at all. */
bool board_write_file(const char *path, const char *text);

/* Callbacks of struct vouchsafe_device_config. */
int64_t board_clock(void *arg);
uint32_t board_uptime(void *arg);

/* A line on stdout, at once. */
#define board_say(...) ((void)printf(__VA_ARGS__), (void)putchar('\n'), (void)fflush(stdout))
/* All of it, or false. */
bool board_send(int fd, const uint8_t *data, size_t len);
