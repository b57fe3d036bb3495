/* registry: the apps that may be vouched for: their builds, policies and
 * secrets, read whole from a folder that only attestctl writes. */
#pragma once
#include <stdatomic.h>

#include "elf_image.h"
#include "keyring.h"
#include "msg_challenge.h"
#include "policy.h"
#include "sources.h"
#include "token_keys.h"

enum {
    APP_NAME_MAX = 64,
    LABEL_MAX = 64,
    MODULE_NAME_MAX = 64,
    MODULES_MAX = 7, /* the binary and its own libraries */
    WHY_MAX = 512
};

/* One file that runs in the app's process, memory-mapped. */
struct module {
    char name[MODULE_NAME_MAX + 1];
    struct slice file;
    struct elf_image image;
};

struct imports;
struct build {
    struct build_id id;
    char label[LABEL_MAX + 1];
    enum build_state state;
    size_t module_count;             /* MODULES_MAX at most */
    struct module *modules;          /* the first is the binary: its build-id is the build's */
    struct imports *_Atomic imports; /* NULL until somebody asks: see build_imports */
};

/* Worked out from the files when it is first asked for, by any thread, and kept: thousands of apps
 * are loaded at once, and few are asked for soon. */
const struct imports *build_imports(const struct build *build);

struct app {
    char client_id[CLIENT_ID_MAX + 1];
    char name[APP_NAME_MAX + 1];
    struct policy policy;
    uint64_t stated; /* bit n: policy key n stands in app.conf, and is no default (policy_key.h) */
    struct keyring *keyring;
    enum jwt_alg token_alg;    /* of integrity token and EAR */
    struct signing_keys *keys; /* for it, borrowed from the registry; NULL for HS256 */
    size_t audience_count;
    char **audiences; /* of whom it may ask for client assertions */
    size_t build_count;
    struct build *builds;
};

/* Names an app's build in few bytes, registered or not. */
enum { BUILD_TAG_LEN = 16 };
struct build_tag {
    uint8_t bytes[BUILD_TAG_LEN];
};
struct build_tag build_tag_of(struct slice client_id, const struct build_id *build);

struct registry;

/* ST_DENIED for files that group or others may read or that belong to neither
 * us nor root, ST_INVALID, ST_NOT_FOUND, ST_IO; `why` names the file. A folder
 * without an app is an empty registry. */
enum status registry_read(const char *folder, struct registry **out, char *why,
                          size_t why_cap) MUST_USE;
/* The same: what has not changed since `former` was read is shared with it, and each folder is
 * watched before it is looked into. Both may be NULL. */
enum status registry_renew(const char *folder, const struct registry *former,
                           struct folder_watch *watch, struct registry **out, char *why,
                           size_t why_cap) MUST_USE;
void registry_free(struct registry *r);

size_t registry_count(const struct registry *r);
const struct app *registry_app_at(const struct registry *r, size_t i);
const struct token_keys *registry_keys(const struct registry *r);
/* NULL if unknown. */
const struct app *registry_app(const struct registry *r, struct slice client_id);
const struct build *app_build(const struct app *app, const struct build_id *id);
/* The build of a tag and its app; false if unknown. */
bool registry_find(const struct registry *r, const struct build_tag *tag, const struct app **app,
                   const struct build **build);
