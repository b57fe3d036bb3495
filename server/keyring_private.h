/* keyring_private: what reading a keyring and rotating it share. */
#pragma once
#include "keyring.h"

#define KEYRING_CONF "keyring.conf"
enum { KEYRING_PATH_MAX = 4096 };

struct keyring_entry {
    char kid[JWT_KID_MAX + 1];
    struct secret *secret;
    int64_t verify_until; /* INT64_MAX: the current one */
};

/* The current one is the first. */
struct keyring {
    size_t count;
    struct keyring_entry entries[]; /* KEYRING_MAX at most: thousands of keyrings have one */
};

/* folder/name; ST_TOO_LARGE. */
enum status keyring_path(const char *folder, const char *name,
                         char out[static KEYRING_PATH_MAX]) MUST_USE;
