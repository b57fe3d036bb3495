#include "registry_write.h"

#include "folder.h"
#include "registry_app.h"

TestSuite(registry_write, .init = folder_fill, .fini = folder_remove);

Test(registry_write, apps_that_cannot_be_added)
{
    static const char *const ids[] = { "", ".", "..", ".hidden", "a/b", "../x", "a b" };
    struct new_app app = { "long", "", 300, SLICE_LIT(SECRET) };
    char name[APP_NAME_MAX + 2];

    cr_assert_eq(add_app("app"), ST_EXISTS);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        cr_assert_eq(add_app(ids[i]), ST_INVALID, "%s", ids[i]);
    memset(name, 'n', sizeof name);
    name[APP_NAME_MAX + 1] = '\0';
    app.name = name;
    cr_assert_eq(registry_add_app(folder, &app, 0, why, sizeof why), ST_INVALID);
    name[APP_NAME_MAX] = '\0';
    cr_assert_eq(registry_add_app(folder, &app, 0, why, sizeof why), ST_OK, "%s", why);
    app = (struct new_app){ "short", "", 300, SLICE_LIT("0123456789abcdef0123456789abcde") };
    cr_assert_eq(registry_add_app(folder, &app, 0, why, sizeof why), ST_INVALID, "31 bytes");
    struct registry *r = folder_read();
    cr_assert_eq(registry_count(r), 2, "what failed left nothing behind");
    registry_free(r);
}

static size_t hidden_entries(void)
{
    char command[200], text[16] = "";

    snprintf(command, sizeof command, "find %s -name '.new*' -o -name '*.new-*' | wc -l", folder);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(fgets(text, sizeof text, pipe));
    pclose(pipe);
    return (size_t)atoi(text);
}

Test(registry_write, nothing_unfinished_is_left)
{
    const char *const none[] = { "/nowhere" };

    (void)!add_app("app");
    (void)!registry_add_build(folder, "app", "x", none, 1, &added, why, sizeof why);
    cr_assert_eq(hidden_entries(), 0);
}

Test(registry_write, builds_that_cannot_be_added)
{
    const char *const text[] = { "/etc/passwd" }, *const missing[] = { "/nowhere" };
    const char *const good[] = { binary };
    char label[LABEL_MAX + 2];

    cr_assert_eq(registry_add_build(folder, "app", "", text, 1, &added, why, sizeof why),
                 ST_INVALID);
    cr_assert_eq(registry_add_build(folder, "app", "", missing, 1, &added, why, sizeof why),
                 ST_NOT_FOUND);
    cr_assert_eq(registry_add_build(folder, "none", "", good, 1, &added, why, sizeof why),
                 ST_NOT_FOUND);
    cr_assert_eq(registry_add_build(folder, "../app", "", good, 1, &added, why, sizeof why),
                 ST_NOT_FOUND);
    cr_assert_eq(registry_add_build(folder, "app", "a\nb", good, 1, &added, why, sizeof why),
                 ST_INVALID);
    memset(label, 'l', sizeof label);
    label[LABEL_MAX + 1] = '\0';
    cr_assert_eq(registry_add_build(folder, "app", label, good, 1, &added, why, sizeof why),
                 ST_INVALID);
    label[LABEL_MAX] = '\0';
    cr_assert_eq(registry_add_build(folder, "app", label, good, 1, &added, why, sizeof why), ST_OK);
}

static enum status set_state(enum build_state state)
{
    return registry_set_state(folder, "app", build_id_text(&build_id).text, state, why, sizeof why);
}

static enum status add_again(const char *label)
{
    const char *const good[] = { binary };

    return registry_add_build(folder, "app", label, good, 1, &added, why, sizeof why);
}

static void expect_build(enum build_state state, const char *label)
{
    struct registry *r = folder_read();
    const struct build *build = app_build(registry_app(r, SLICE_LIT("app")), &build_id);

    cr_assert_eq(build->state, state);
    cr_assert_str_eq(build->label, label);
    registry_free(r);
}

Test(registry_write, a_build_that_is_added_again_is_replaced_but_for_its_state)
{
    cr_assert_eq(add_again("2.0"), ST_OK);
    cr_assert(build_id_equal(&added.id, &build_id));
    expect_build(BUILD_ACTIVE, "2.0");
    cr_assert_eq(set_state(BUILD_DEPRECATED), ST_OK);
    cr_assert_eq(add_again("3.0"), ST_OK);
    cr_assert_eq(added.state, BUILD_DEPRECATED);
    expect_build(BUILD_DEPRECATED, "3.0");
    cr_assert_eq(hidden_entries(), 0);
}

Test(registry_write, a_revoked_build_passes_again_only_when_it_is_activated)
{
    cr_assert_eq(set_state(BUILD_REVOKED), ST_OK);
    cr_assert_eq(add_again("2.0"), ST_DENIED);
    cr_assert_not_null(strstr(why, "activate"));
    expect_build(BUILD_REVOKED, "1.0");
    cr_assert_eq(set_state(BUILD_ACTIVE), ST_OK);
    cr_assert_eq(add_again("2.0"), ST_OK);
    expect_build(BUILD_ACTIVE, "2.0");
}

Test(registry_write, a_build_whose_state_cannot_be_read_is_not_replaced)
{
    char command[200];

    snprintf(command, sizeof command, "echo x >> %s/app/builds/%s/build.conf", folder,
             build_id_text(&build_id).text);
    cr_assert_eq(system(command), 0);
    cr_assert_eq(add_again("2.0"), ST_INVALID, "it may have been revoked");
    cr_assert_eq(
        registry_remove_build(folder, "app", build_id_text(&build_id).text, why, sizeof why),
        ST_OK);
    cr_assert_eq(add_again("2.0"), ST_OK);
}

Test(registry_write, what_is_removed_is_gone)
{
    struct registry *r;

    cr_assert_eq(registry_remove_build(folder, "app", "00112233445566778899", why, sizeof why),
                 ST_NOT_FOUND);
    cr_assert_eq(registry_remove_app(folder, "ap", why, sizeof why), ST_NOT_FOUND);
    cr_assert_eq(registry_remove_app(folder, "..", why, sizeof why), ST_NOT_FOUND);
    cr_assert_eq(add_app("other"), ST_OK);
    cr_assert_eq(
        registry_remove_build(folder, "app", build_id_text(&build_id).text, why, sizeof why),
        ST_OK);
    r = folder_read();
    cr_assert_eq(registry_app(r, SLICE_LIT("app"))->build_count, 0);
    registry_free(r);
    cr_assert_eq(registry_remove_app(folder, "app", why, sizeof why), ST_OK);
    r = folder_read();
    cr_assert_null(registry_app(r, SLICE_LIT("app")));
    cr_assert_not_null(registry_app(r, SLICE_LIT("other")));
    registry_free(r);
    cr_assert_eq(hidden_entries(), 0);
}

static enum status set_policy(const char *a, const char *b)
{
    const char *const assignments[] = { a, b };

    return registry_set_policy(folder, "app", assignments, b ? 2 : 1, why, sizeof why);
}

static struct app read_app(void)
{
    struct app app;

    cr_assert_eq(registry_read_app(folder, "app", &app, why, sizeof why), ST_OK, "%s", why);
    return app;
}

Test(registry_write, a_policy_is_set_whole_or_not_at_all)
{
    cr_assert_eq(set_policy("memory=report", "file=maybe"), ST_INVALID);
    cr_assert_eq(set_policy("memory=report", "nonsense=1"), ST_INVALID);
    struct app app = read_app();
    cr_assert_eq(app.policy.kinds[PROBE_MEMORY], POLICY_REQUIRED);
    registry_app_clear(&app);

    cr_assert_eq(set_policy("memory=report", "answer_deadline=7"), ST_OK, "%s", why);
    cr_assert_eq(set_policy("mode=report", NULL), ST_OK, "%s", why);
    app = read_app();
    cr_assert_eq(app.policy.kinds[PROBE_MEMORY], POLICY_REPORT);
    cr_assert_eq(app.policy.kinds[PROBE_FILE], POLICY_REQUIRED);
    cr_assert_eq(app.policy.answer_deadline, 7);
    cr_assert_eq(app.policy.mode, POLICY_WATCHED);
    cr_assert_eq(app.policy.token_lifetime, 300);
    cr_assert_str_eq(app.name, "An \"app\"");
    uint64_t stated = app.stated;
    registry_app_clear(&app);

    cr_assert_eq(set_policy("memory=default", NULL), ST_OK, "%s", why);
    app = read_app();
    cr_assert_eq(app.policy.kinds[PROBE_MEMORY], POLICY_REQUIRED);
    cr_assert_eq(app.stated, stated & ~(UINT64_C(1) << PROBE_MEMORY));
    registry_app_clear(&app);
}

/* Puts files there as a killed attestctl leaves them. */
static void leave(const char *paths)
{
    char command[512];

    snprintf(command, sizeof command,
             "cd %s && for f in %s; do mkdir -p $(dirname $f) && echo > $f || exit 1; done", folder,
             paths);
    cr_assert_eq(system(command), 0);
}

Test(registry_write, leftovers_are_not_read_and_the_next_change_removes_them)
{
    static const char paths[] =
        ".new-abcdef/secrets/x app/app.conf.new-12 app/builds/.new-xyz/image.0 "
        "app/builds/$(ls app/builds)/build.conf.new-7 app/secrets/keyring.conf.new-9 "
        "app/secrets/AAAAAAAAAAAAAAAA";
    char command[200];

    leave(paths);
    registry_free(folder_read());
    leave("app/secrets/my-own-note app/app.conf.new-x");
    cr_assert_eq(set_policy("mode=enforce", NULL), ST_OK, "%s", why);
    cr_assert_eq(hidden_entries(), 1, "the one that is none of ours");
    snprintf(command, sizeof command,
             "cd %s/app/secrets && [ $(ls | wc -l) = 3 ] && ls my-own-note", folder);
    cr_assert_eq(system(command), 0, "keyring.conf, the secret, the note");
    registry_free(folder_read());
}

Test(registry_write, states_of_what_is_not_there)
{
    cr_assert_eq(
        registry_set_state(folder, "app", "00112233445566778899", BUILD_REVOKED, why, sizeof why),
        ST_NOT_FOUND);
    cr_assert_eq(registry_set_state(folder, "app", "..", BUILD_REVOKED, why, sizeof why),
                 ST_NOT_FOUND);
    cr_assert_eq(
        registry_set_state(folder, "no", "00112233445566778899", BUILD_REVOKED, why, sizeof why),
        ST_NOT_FOUND);
}

Test(registry_write, rotation_keeps_the_old_secret_verifying_until_its_tokens_are_gone)
{
    struct registry *r = folder_read();
    char kid[64];

    strcpy(kid, keyring_current_kid(registry_app(r, SLICE_LIT("app"))->keyring));
    registry_free(r);
    cr_assert_eq(registry_rotate_secret(folder, "app",
                                        SLICE_LIT("another secret of more than 32 bytes."), 2000,
                                        why, sizeof why),
                 ST_OK, "%s", why);
    r = folder_read();
    const struct keyring *keyring = registry_app(r, SLICE_LIT("app"))->keyring;
    struct keyring_lookup lookup = { keyring, 2000 + 300 };
    struct jwt_key key;
    cr_assert_str_neq(keyring_current_kid(keyring), kid);
    cr_assert(keyring_lookup_fn(&lookup, slice_of(kid), NULL, 0, &key), "its last token may live");
    lookup.now = 2000 + 300 + 61;
    cr_assert_not(keyring_lookup_fn(&lookup, slice_of(kid), NULL, 0, &key));
    cr_assert(keyring_lookup_fn(&lookup, slice_of(keyring_current_kid(keyring)), NULL, 0, &key));
    registry_free(r);
}

Test(registry_write, texts_are_read_back_as_they_were_given)
{
    const struct new_app app = { "odd", "${PATH}${PATH}\\n\"$HOME", 300, SLICE_LIT(SECRET) };
    const char *const good[] = { binary };

    cr_assert_eq(registry_add_app(folder, &app, 0, why, sizeof why), ST_OK, "%s", why);
    cr_assert_eq(registry_add_build(folder, "odd", "${PATH}\\", good, 1, &added, why, sizeof why),
                 ST_OK, "%s", why);
    struct registry *r = folder_read();
    const struct app *read = registry_app(r, SLICE_LIT("odd"));
    cr_assert_str_eq(read->name, app.name);
    cr_assert_str_eq(app_build(read, &added.id)->label, "${PATH}\\");
    registry_free(r);
}
