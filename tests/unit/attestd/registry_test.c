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

/* --- read again --- */

static void run(const char *command)
{
    char line[512];

    snprintf(line, sizeof line, "cd %s; %s", folder, command);
    cr_assert_eq(system(line), 0, "%s", line);
}

static struct registry *renew(const struct registry *former)
{
    struct registry *r;

    cr_assert_eq(registry_renew(folder, former, NULL, &r, why, sizeof why), ST_OK, "%s", why);
    return r;
}

static const struct app *named(const struct registry *r, size_t n)
{
    char id[16];

    snprintf(id, sizeof id, "app-%zu", n);
    return registry_app(r, slice_of(id));
}

/* Each in an app of its own; the last one is left as it is. */
static const char *const changes[] = {
    "echo 'maps = \"off\"' > app-0/app.conf",
    "chmod 600 app-1/app.conf",
    "cp -p app-2/secrets/keyring.conf app-2/secrets/.k; mv app-2/secrets/.k "
    "app-2/secrets/keyring.conf",
    "for f in app-3/secrets/*; do touch $f; done",
    "touch app-4/builds/*/build.conf",
    "touch app-5/builds/*/image.0",
    "rm -r app-6/builds/*",
    "cp -rp app/builds/* app-7/builds/.b; rm -r app-7/builds/*; mv app-7/builds/.b "
    "app-7/builds/$(basename app/builds/*)",
    "true",
};
enum { CHANGES = sizeof changes / sizeof changes[0], UNCHANGED = CHANGES - 1 };

static void add_apps(void)
{
    const char *const files[] = { binary };
    char id[16];

    for (size_t i = 0; i < CHANGES; i++) {
        snprintf(id, sizeof id, "app-%zu", i);
        cr_assert_eq(add_app(id), ST_OK, "%s", why);
        cr_assert_eq(registry_add_build(folder, id, "1", files, 1, &added, why, sizeof why), ST_OK);
    }
    sleep(4); /* what is younger is read again anyway */
}

Test(registry, what_has_changed_is_read_again_and_the_rest_is_shared)
{
    add_apps();
    struct registry *first = folder_read(), *same = renew(first);
    for (size_t i = 0; i < CHANGES; i++)
        cr_assert_eq(named(same, i), named(first, i), "%zu", i);
    for (size_t i = 0; i < CHANGES; i++)
        run(changes[i]);
    struct registry *changed = renew(same);
    for (size_t i = 0; i < CHANGES; i++)
        cr_assert_eq(named(changed, i) == named(first, i), i == UNCHANGED, "%s", changes[i]);
    cr_assert_eq(named(first, 0)->policy.kinds[PROBE_MAPS], POLICY_REQUIRED);
    cr_assert_eq(named(changed, 0)->policy.kinds[PROBE_MAPS], POLICY_OFF);
    cr_assert_eq(named(first, 6)->build_count, 1);
    cr_assert_eq(named(changed, 6)->build_count, 0);
    registry_free(first);
    registry_free(same);
    /* What is shared lives as long as anybody has it. */
    const struct app *kept = named(changed, UNCHANGED);
    cr_assert(slice_is(keyring_current_secret(kept->keyring), SECRET));
    cr_assert_eq(kept->builds[0].modules[0].file.data[0], 0x7f);
    registry_free(changed);
}

Test(registry, an_app_that_has_gone_or_come_is_so_in_the_next_one_alone)
{
    add_apps();
    struct registry *first = folder_read();
    run("mv app-0 .gone; mv app-1 app-new");
    struct registry *next = renew(first);
    cr_assert_eq(registry_count(next), registry_count(first) - 1);
    cr_assert_null(named(next, 0));
    cr_assert_null(named(next, 1));
    cr_assert_not_null(registry_app(next, SLICE_LIT("app-new")));
    cr_assert_not_null(named(first, 0));
    registry_free(next);
    registry_free(first);
}

Test(registry, what_is_broken_since_is_refused)
{
    struct registry *r;

    add_apps();
    struct registry *first = folder_read();
    run("chmod g+r app-3/secrets/*");
    cr_assert_eq(registry_renew(folder, first, NULL, &r, why, sizeof why), ST_DENIED);
    run("chmod g-r app-3/secrets/*; truncate -s 100 app-4/builds/*/image.0");
    cr_assert_eq(registry_renew(folder, first, NULL, &r, why, sizeof why), ST_INVALID);
    cr_assert_not_null(strstr(why, "app-4"), "%s", why);
    run("cp -p app/builds/*/image.0 app-4/builds/*/");
    registry_free(renew(first));
    registry_free(first);
}
