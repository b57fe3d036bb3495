#include "registry.h"

#include "folder.h"

TestSuite(registry, .init = folder_fill, .fini = folder_remove);

Test(registry, what_was_added_is_found)
{
    struct registry *r = folder_read();
    const struct app *app = registry_app(r, SLICE_LIT("app"));
    const struct app *found_app;
    const struct build *found;

    cr_assert_not_null(app);
    cr_assert_str_eq(app->name, "An \"app\"");
    cr_assert_eq(app->policy.token_lifetime, 300);
    cr_assert(slice_is(keyring_current_secret(app->keyring), SECRET));
    const struct build *build = app_build(app, &build_id);
    cr_assert_not_null(build);
    cr_assert_str_eq(build->label, "1.0");
    struct build_tag tag = build_tag_of(SLICE_LIT("app"), &build_id);
    cr_assert(registry_find(r, &tag, &found_app, &found));
    cr_assert_eq(found, build);
    cr_assert_eq(found_app, app);
    registry_free(r);
}

Test(registry, what_was_not_added_is_not_found)
{
    struct registry *r = folder_read();
    struct build_id other = build_id;
    const struct app *app;
    const struct build *build;

    other.bytes[0] ^= 1;
    cr_assert_null(registry_app(r, SLICE_LIT("ap")));
    cr_assert_null(registry_app(r, SLICE_LIT("app2")));
    cr_assert_null(registry_app(r, SLICE_LIT("")));
    cr_assert_null(app_build(registry_app(r, SLICE_LIT("app")), &other));
    struct build_tag tag = build_tag_of(SLICE_LIT("app"), &other);
    cr_assert_not(registry_find(r, &tag, &app, &build));
    tag = build_tag_of(SLICE_LIT("other"), &build_id);
    cr_assert_not(registry_find(r, &tag, &app, &build));
    registry_free(r);
}

Test(registry, many_apps_are_all_found)
{
    char id[16];

    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "app-%d", i);
        cr_assert_eq(add_app(id), ST_OK, "%s", why);
    }
    struct registry *r = folder_read();
    cr_assert_eq(registry_count(r), 101);
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "app-%d", i);
        cr_assert_not_null(registry_app(r, slice_of(id)));
    }
    registry_free(r);
}

/* Runs a command in the folder and expects the registry to be refused, naming `word`. */
static void refused_after(const char *command, enum status st, const char *word)
{
    struct registry *r;
    char line[512];

    snprintf(line, sizeof line, "cd %s; %s", folder, command);
    cr_assert_eq(system(line), 0, "%s", line);
    cr_assert_eq(registry_read(folder, &r, why, sizeof why), st, "%s: %s", line, why);
    cr_assert_not_null(strstr(why, word), "%s: %s", line, why);
}

Test(registry, files_that_others_may_use_are_refused)
{
    refused_after("chmod 755 .", ST_DENIED, "vouchsafe-registry");
    refused_after("chmod 700 .; chmod g+r app/app.conf", ST_DENIED, "app.conf");
    refused_after("chmod g-r app/app.conf; chmod o+x app", ST_DENIED, "/app");
    refused_after("chmod o-x app; chmod g+r app/builds/*/image.0", ST_DENIED, "image.0");
    refused_after("chmod g-r app/builds/*/image.0; chmod g+w app/builds", ST_DENIED, "builds");
    refused_after("chmod g-w app/builds; chmod g+r app/secrets/*", ST_DENIED, "secrets");
    char line[200];
    snprintf(line, sizeof line, "chmod -R go-rwx %s", folder);
    cr_assert_eq(system(line), 0);
    registry_free(folder_read());
}

Test(registry, broken_folders_are_refused_by_name)
{
    refused_after("echo 'token_lifetime = 0' > app/app.conf", ST_INVALID, "token_lifetime");
    refused_after("echo 'token_lifetime = 86401' > app/app.conf", ST_INVALID, "token_lifetime");
    refused_after("echo 'memory = \"maybe\"' > app/app.conf", ST_INVALID, "required");
    refused_after("echo 'maps = \"\"' > app/app.conf", ST_INVALID, "required");
    refused_after("echo 'mappings = \"none\"' > app/app.conf", ST_INVALID, "mappings");
    refused_after("echo 'memroy = \"off\"' > app/app.conf", ST_INVALID, "memory");
    refused_after("rm app/app.conf", ST_NOT_FOUND, "app.conf");
    refused_after("echo > app/app.conf; mv app/secrets app/.s", ST_NOT_FOUND, "secrets");
    refused_after("mv app/.s app/secrets; for f in app/builds/*/build.conf; do echo x >> $f; done",
                  ST_INVALID, "build.conf");
}

Test(registry, a_changed_image_is_no_build_of_that_name)
{
    refused_after("truncate -s 100 app/builds/*/image.0", ST_INVALID, "image.0");
    refused_after("cp /bin/true app/builds/*/image.0; chmod 600 app/builds/*/image.0", ST_INVALID,
                  "builds/");
}
