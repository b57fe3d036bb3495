#include "registry_write.h"

#include "folder.h"

TestSuite(registry_write, .init = folder_fill, .fini = folder_remove);

Test(registry_write, apps_that_cannot_be_added)
{
    static const char *const ids[] = { "", ".", "..", "a/b", "../x", "a b" };
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
    (void)!registry_add_build(folder, "app", "x", none, 1, &build_id, why, sizeof why);
    cr_assert_eq(hidden_entries(), 0);
}

Test(registry_write, builds_that_cannot_be_added)
{
    const char *const text[] = { "/etc/passwd" }, *const missing[] = { "/nowhere" };
    const char *const good[] = { binary };
    char label[LABEL_MAX + 2];
    struct build_id id;

    cr_assert_eq(registry_add_build(folder, "app", "", text, 1, &id, why, sizeof why), ST_INVALID);
    cr_assert_eq(registry_add_build(folder, "app", "", missing, 1, &id, why, sizeof why),
                 ST_NOT_FOUND);
    cr_assert_eq(registry_add_build(folder, "none", "", good, 1, &id, why, sizeof why),
                 ST_NOT_FOUND);
    cr_assert_eq(registry_add_build(folder, "../app", "", good, 1, &id, why, sizeof why),
                 ST_NOT_FOUND);
    cr_assert_eq(registry_add_build(folder, "app", "a\nb", good, 1, &id, why, sizeof why),
                 ST_INVALID);
    memset(label, 'l', sizeof label);
    label[LABEL_MAX + 1] = '\0';
    cr_assert_eq(registry_add_build(folder, "app", label, good, 1, &id, why, sizeof why),
                 ST_INVALID);
    label[LABEL_MAX] = '\0';
    cr_assert_eq(registry_add_build(folder, "app", label, good, 1, &id, why, sizeof why), ST_OK);
}

Test(registry_write, a_build_that_is_added_again_is_replaced)
{
    const char *const good[] = { binary };
    struct build_id id;

    cr_assert_eq(registry_set_state(folder, "app", build_id_text(&build_id).text, BUILD_REVOKED,
                                    why, sizeof why),
                 ST_OK);
    struct registry *r = folder_read();
    cr_assert_eq(app_build(registry_app(r, SLICE_LIT("app")), &build_id)->state, BUILD_REVOKED);
    registry_free(r);
    cr_assert_eq(registry_add_build(folder, "app", "2.0", good, 1, &id, why, sizeof why), ST_OK);
    cr_assert(build_id_equal(&id, &build_id));
    r = folder_read();
    const struct build *build = app_build(registry_app(r, SLICE_LIT("app")), &build_id);
    cr_assert_eq(build->state, BUILD_ACTIVE);
    cr_assert_str_eq(build->label, "2.0");
    registry_free(r);
    cr_assert_eq(hidden_entries(), 0);
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
    cr_assert_eq(
        registry_add_build(folder, "odd", "${PATH}\\", good, 1, &build_id, why, sizeof why), ST_OK,
        "%s", why);
    struct registry *r = folder_read();
    const struct app *read = registry_app(r, SLICE_LIT("odd"));
    cr_assert_str_eq(read->name, app.name);
    cr_assert_str_eq(app_build(read, &build_id)->label, "${PATH}\\");
    registry_free(r);
}
