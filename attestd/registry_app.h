/* registry_app: one app's folder of the registry:
 *   app.conf                      name, token_alg, audiences, and the policy's settings
 *                                 (policy_key.h)
 *   secrets/                      a keyring
 *   builds/<build-id>/build.conf  label, state, and the modules' files
 * The .conf files are records (record.h). */
#pragma once
#include "registry.h"

/* client_id is the folder's name. */
enum status registry_app_read(const char *folder, const char *client_id, struct app *out, char *why,
                              size_t why_cap) MUST_USE;
/* The same, and what it was read from. */
enum status registry_app_read_noted(const char *folder, const char *client_id,
                                    struct sources *sources, struct app *out, char *why,
                                    size_t why_cap) MUST_USE;
/* The app of that client id in a registry, without reading the others. ST_NOT_FOUND. */
enum status registry_read_app(const char *registry, const char *client_id, struct app *out,
                              char *why, size_t why_cap) MUST_USE;
void registry_app_clear(struct app *app);

/* The settings alone, of an app's folder. Afterwards registry_app_clear, whatever comes back. */
enum status registry_app_read_conf(const char *folder, struct app *out, char *why,
                                   size_t why_cap) MUST_USE;
