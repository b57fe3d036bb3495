#include "registry_conf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "atomic_file.h"
#include "policy_key.h"
#include "registry_change.h"

enum { CONF_MAX = 16384 };

/* A text in a configuration's quotes, in which ${NAME} would be read from the environment. */
static void write_text(struct writer *w, const char *value)
{
    writer_byte(w, '"');
    for (; *value; value++) {
        if (*value == '"' || *value == '\\' || *value == '$')
            writer_byte(w, '\\');
        writer_byte(w, (uint8_t)*value);
    }
    writer_byte(w, '"');
}

static void write_quoted(struct writer *w, const char *name, const char *value)
{
    writer_text(w, name);
    writer_text(w, " = ");
    write_text(w, value);
    writer_text(w, "\n");
}

static enum status write_conf(const char *folder, const char *name, const struct writer *text,
                              char *why, size_t why_cap)
{
    char path[PATH_MAX];
    enum status st = text->full ? ST_TOO_LARGE : path_join(path, folder, name);

    if (st) {
        snprintf(why, why_cap, "%s: too long", folder);
        return st;
    }
    st = atomic_file_write(path, writer_slice(text));
    if (st)
        snprintf(why, why_cap, "%s: %s", path, strerror(errno));
    return st;
}

static void write_audiences(struct writer *w, const struct app *app)
{
    writer_text(w, "audiences = {");
    for (size_t i = 0; i < app->audience_count; i++) {
        writer_text(w, i ? ", " : "");
        write_text(w, app->audiences[i]);
    }
    writer_text(w, "}\n");
}

enum status registry_conf_write_app(const char *folder, const struct app *app, char *why,
                                    size_t why_cap)
{
    char text[CONF_MAX];
    struct writer w = writer_over(text, sizeof text);

    write_quoted(&w, "name", app->name);
    if (app->token_alg != JWT_HS256)
        write_quoted(&w, "token_alg", jwt_alg_name(app->token_alg));
    if (app->audience_count)
        write_audiences(&w, app);
    for (size_t key = 0; key < POLICY_KEY_COUNT; key++)
        if (app->stated >> key & 1)
            write_quoted(&w, policy_key_name(key), policy_key_get(&app->policy, key).text);
    return write_conf(folder, "app.conf", &w, why, why_cap);
}

struct image_name registry_image_name(size_t n)
{
    struct image_name name;

    snprintf(name.text, sizeof name.text, "image.%zu", n);
    return name;
}

static void write_module(struct writer *w, size_t n, const char *name)
{
    writer_text(w, "module ");
    write_text(w, name);
    writer_text(w, " { ");
    write_quoted(w, "file", registry_image_name(n).text);
    writer_text(w, "}\n");
}

enum status registry_conf_write_build(const char *folder, const struct build *build, char *why,
                                      size_t why_cap)
{
    char text[CONF_MAX];
    struct writer w = writer_over(text, sizeof text);

    write_quoted(&w, "label", build->label);
    write_quoted(&w, "state", build_state_name(build->state));
    for (size_t i = 0; i < build->module_count; i++)
        write_module(&w, i, build->modules[i].name);
    return write_conf(folder, "build.conf", &w, why, why_cap);
}
