/* registry_app: one app's folder of the registry:
 *   app.conf                      name, token_alg, audiences, and the policy's settings
 *                                 (policy_key.h)
 *   secrets/                      a keyring
 *   builds/<build-id>/build.conf  label, state, and the modules' files */
#pragma once
#include "registry.h"

/* client_id is the folder's name. */
enum status registry_app_read(const char *folder, const char *client_id, struct app *out, char *why,
                              size_t why_cap) MUST_USE;
/* The app of that client id in a registry, without reading the others. ST_NOT_FOUND. */
enum status registry_read_app(const char *registry, const char *client_id, struct app *out,
                              char *why, size_t why_cap) MUST_USE;
void registry_app_clear(struct app *app);

/* The settings alone, of an app's folder. Afterwards registry_app_clear, whatever comes back. */
enum status registry_app_read_conf(const char *folder, struct app *out, char *why,
                                   size_t why_cap) MUST_USE;

/* A file or folder that nobody else may read or write; `why` otherwise. */
enum status registry_check_private(const char *path, char *why, size_t why_cap) MUST_USE;

/* Calls fn for each name in a folder that does not begin with a dot, until one fails. */
typedef enum status registry_name_fn(void *arg, const char *folder, const char *name);
enum status registry_each(const char *folder, registry_name_fn *fn, void *arg, char *why,
                          size_t why_cap) MUST_USE;
