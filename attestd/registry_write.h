/* registry_write: what attestctl does to the registry. Each change is there whole
 * or not at all, whenever the process is killed or the machine stops, and two of
 * them take turns. */
#pragma once
#include "registry.h"

struct new_app {
    const char *client_id;
    const char *name;       /* or "" */
    int64_t token_lifetime; /* seconds; 0: the default */
    struct slice secret;
    enum jwt_alg token_alg;
};

/* All: ST_EXISTS, ST_NOT_FOUND, ST_INVALID, ST_DENIED, ST_IO, with a sentence in
 * `why`. The registry's folder is made if need be. */
enum status registry_add_app(const char *registry, const struct new_app *app, int64_t now,
                             char *why, size_t why_cap) MUST_USE;

/* With its secrets and builds. */
enum status registry_remove_app(const char *registry, const char *client_id, char *why,
                                size_t why_cap) MUST_USE;

/* Assigns settings of its policy: "KEY=VALUE" each, all or none (policy_key.h). */
enum status registry_set_policy(const char *registry, const char *client_id,
                                const char *const *assignments, size_t count, char *why,
                                size_t why_cap) MUST_USE;

/* The former secret verifies until the last token that it signed has expired. */
enum status registry_rotate_secret(const char *registry, const char *client_id, struct slice secret,
                                   int64_t now, char *why, size_t why_cap) MUST_USE;

/* Copies the binary and its own libraries. Of a build that is there already, label
 * and files are replaced; its state stays, and is told. A revoked one is refused: ST_DENIED. */
struct added_build {
    struct build_id id;
    enum build_state state;
};
enum status registry_add_build(const char *registry, const char *client_id, const char *label,
                               const char *const *files, size_t file_count, struct added_build *out,
                               char *why, size_t why_cap) MUST_USE;
enum status registry_set_state(const char *registry, const char *client_id, const char *build,
                               enum build_state state, char *why, size_t why_cap) MUST_USE;
/* It is then as unknown as one that was never registered. */
enum status registry_remove_build(const char *registry, const char *client_id, const char *build,
                                  char *why, size_t why_cap) MUST_USE;

/* The path of the current secret's file, for people. */
void registry_secret_path(const char *registry, const char *client_id, const char *kid, char *out,
                          size_t cap);
