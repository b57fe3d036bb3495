/* registry_change: what all changes of the registry are made of: one at a time, under hidden names
 * until they are whole, and without what a change that was killed has left behind. */
#pragma once
#include <limits.h>

#include "bytes.h"

struct registry_change {
    int fd;             /* of the registry's folder, locked */
    char app[PATH_MAX]; /* the folder of the app that is changed */
};

/* Waits for its turn, then removes leftovers in the registry's own folder. ST_IO. */
enum status registry_change_begin(const char *registry, struct registry_change *out, char *why,
                                  size_t why_cap) MUST_USE;
/* The same for a change of an app that is registered, and removes leftovers in its folder too.
 * ST_NOT_FOUND. */
enum status registry_change_app(const char *registry, const char *client_id,
                                struct registry_change *out, char *why, size_t why_cap) MUST_USE;
/* Lets those know who watch the registry's folder, and lets the next one in. */
void registry_change_end(struct registry_change *change);

/* --- folders and files: ST_IO and ST_TOO_LARGE with a sentence in `why` --- */

/* a/b; ST_TOO_LARGE. */
enum status path_join(char out[static PATH_MAX], const char *a, const char *b) MUST_USE;

/* There is nothing wrong with one that is there. */
enum status folder_make(const char *path, char *why, size_t why_cap) MUST_USE;
/* An empty one in `parent`, of a name that readers skip. */
enum status folder_make_hidden(const char *parent, char out[static PATH_MAX], char *why,
                               size_t why_cap) MUST_USE;
/* With all that is in it, as far as possible. */
void folder_remove_tree(const char *path);
/* In one step from where it is seen. */
enum status folder_retire(const char *parent, const char *path, char *why, size_t why_cap) MUST_USE;

/* --- texts --- */

/* st, and "subject: reason" in `why`. */
enum status change_refused(enum status st, char *why, size_t why_cap, const char *subject,
                           const char *reason);
bool is_one_line(const char *text);
