#include "keyring.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_A "0123456789abcdef0123456789abcdef"
#define SECRET_B "another secret, also long enough for us"

static char folder[] = "/tmp/vouchsafe-keyring-XXXXXX";
static char why[512];

static void make_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
}

static const char *in_folder(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    FILE *file = fopen(in_folder(name), "w");

    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    cr_assert_eq(chmod(in_folder(name), mode), 0);
}

static unsigned list_folder(void)
{
    unsigned count = 0;
    DIR *dir = opendir(folder);

    for (struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void remove_folder(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

static enum status read_it(void)
{
    struct keyring *k = NULL;
    enum status st = keyring_read(folder, &k, why, sizeof why);

    keyring_free(k);
    return st;
}

/* --- reading --- */

Test(keyring, refused_files)
{
    static const struct {
        const char *conf, *secret;
        mode_t mode;
        enum status st;
        const char *word; /* of the explanation */
    } cases[] = {
        { NULL, SECRET_A, 0600, ST_NOT_FOUND, "keyring.conf" },
        { "", SECRET_A, 0600, ST_INVALID, "keyring.conf" },
        { "current = \"b\"\n", SECRET_A, 0600, ST_NOT_FOUND, "/b" },
        { "current = \"../a\"\n", SECRET_A, 0600, ST_INVALID, "../a" },
        { "current = \"keyring.conf\"\n", SECRET_A, 0600, ST_INVALID, "keyring.conf" },
        { "current = \"\"\n", SECRET_A, 0600, ST_INVALID, "no kid" },
        { "curent = \"a\"\n", SECRET_A, 0600, ST_INVALID, "current" },
        { "current = \"a\"\n", "0123456789abcdef0123456789abcde\n", 0600, ST_INVALID, "32" },
        { "current = \"a\"\n", SECRET_A, 0640, ST_DENIED, "/a" },
        { "current = \"a\"\n", SECRET_A, 0604, ST_DENIED, "/a" },
        { "current = \"a\"\nretired \"a\" { verify_until = 9 }\n", SECRET_A, 0600, ST_INVALID,
          "both" },
        { "current = \"a\"\nretired \"c\" { verify_until = 9 }\n", SECRET_A, 0600, ST_NOT_FOUND,
          "/c" },
        { "current = \"a\"\nretired \"c\" { verify_until = x }\n", SECRET_A, 0600, ST_INVALID,
          "verify_until" },
        { "current = \"a\"\n", SECRET_A "\n", 0600, ST_OK, "" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make_folder();
        if (cases[i].conf)
            write_file("keyring.conf", cases[i].conf, 0600);
        write_file("a", cases[i].secret, cases[i].mode);
        why[0] = '\0';
        cr_assert_eq(read_it(), cases[i].st, "%zu: %s", i, why);
        cr_assert_not_null(strstr(why, cases[i].word), "%zu: %s", i, why);
        cr_assert_null(strstr(why, "0123456789"), "%zu: %s", i, why);
        remove_folder();
        strcpy(folder, "/tmp/vouchsafe-keyring-XXXXXX");
    }
}

Test(keyring, refused_folders)
{
    cr_assert_eq(read_it(), ST_NOT_FOUND);
    make_folder();
    write_file("keyring.conf", "current = \"a\"\n", 0600);
    write_file("a", SECRET_A, 0600);
    chmod(folder, 0750);
    cr_assert_eq(read_it(), ST_DENIED);
    chmod(folder, 0701);
    cr_assert_eq(read_it(), ST_DENIED);
    chmod(folder, 0700);
    cr_assert_eq(read_it(), ST_OK);
    remove_folder();
}

Test(keyring, as_many_as_fit)
{
    char conf[1024] = "current = \"k0\"\n";

    make_folder();
    write_file("k0", SECRET_A, 0600);
    for (int i = 1; i <= KEYRING_MAX; i++) {
        char name[8], line[64];
        snprintf(name, sizeof name, "k%d", i);
        write_file(name, SECRET_A, 0600);
        write_file("keyring.conf", conf, 0600);
        cr_assert_eq(read_it(), ST_OK, "%d: %s", i, why);
        snprintf(line, sizeof line, "retired \"k%d\" { verify_until = 9 }\n", i);
        strcat(conf, line);
    }
    write_file("keyring.conf", conf, 0600);
    cr_assert_eq(read_it(), ST_TOO_LARGE);
    remove_folder();
}

/* --- who verifies --- */

static bool verifies(const struct keyring *k, const char *kid, int64_t now, const char *secret)
{
    struct keyring_lookup lookup = { k, now };
    struct jwt_key key;

    cr_assert_not(keyring_lookup_fn(&lookup, slice_of(kid), NULL, 1, &key), "at most one a kid");
    return keyring_lookup_fn(&lookup, slice_of(kid), NULL, 0, &key) && key.alg == JWT_HS256 &&
           slice_is(key.secret, secret);
}

Test(keyring, a_secret_verifies_as_long_as_it_may)
{
    struct keyring *k;

    make_folder();
    write_file("keyring.conf", "current = \"new\"\nretired \"old\" { verify_until = 1790000000 }\n",
               0600);
    write_file("new", SECRET_A, 0600);
    write_file("old", SECRET_B "\n", 0600);
    cr_assert_eq(keyring_read(folder, &k, why, sizeof why), ST_OK, "%s", why);
    cr_assert_str_eq(keyring_current_kid(k), "new");
    cr_assert(slice_is(keyring_current_secret(k), SECRET_A));
    cr_assert_not(verifies(k, "", 1, SECRET_A));
    cr_assert_not(verifies(k, "unknown", 1, SECRET_A));
    cr_assert_not(verifies(k, "ne", 1, SECRET_A));
    cr_assert_not(verifies(k, "old", 1790000000, SECRET_B));
    cr_assert(verifies(k, "old", 1789999999, SECRET_B));
    cr_assert(verifies(k, "new", INT32_MAX, SECRET_A));
    keyring_free(k);
    remove_folder();
}

/* --- rotation --- */

static enum status rotate(const char *secret, int64_t now, int64_t until, char kid[17])
{
    return keyring_rotate(folder, slice_of(secret), now, until, kid, why, sizeof why);
}

Test(keyring, secrets_of_wrong_length_are_refused)
{
    static const struct {
        size_t len;
        enum status st;
    } cases[] = { { 0, ST_INVALID },
                  { SECRET_LEN_MIN - 1, ST_INVALID },
                  { SECRET_LEN_MAX + 1, ST_TOO_LARGE },
                  { SECRET_LEN_MIN, ST_OK },
                  { SECRET_LEN_MAX, ST_OK } };
    char kid[KEYRING_KID_LEN + 1], secret[SECRET_LEN_MAX + 2];

    make_folder();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(secret, 's', sizeof secret);
        secret[cases[i].len] = '\0';
        cr_assert_eq(rotate(secret, 1, 2, kid), cases[i].st, "%zu: %s", cases[i].len, why);
        if (i == 2)
            cr_assert_eq(list_folder(), 0);
    }
    cr_assert_eq(rotate(SECRET_A "\n", 1, 2, kid), ST_INVALID);
    remove_folder();
}

Test(keyring, rotation_keeps_what_still_verifies_and_forgets_the_rest)
{
    char first[17], second[17], third[17];
    struct keyring *k;
    struct stat info;

    make_folder();
    rmdir(folder); /* it is made where it is missing */
    cr_assert_eq(rotate(SECRET_A, 1000, 1300, first), ST_OK, "%s", why);
    cr_assert_eq(stat(folder, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0700);
    cr_assert_eq(stat(in_folder(first), &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);
    cr_assert_eq(stat(in_folder("keyring.conf"), &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);

    cr_assert_eq(rotate(SECRET_B, 2000, 2300, second), ST_OK, "%s", why);
    cr_assert_str_neq(first, second);
    cr_assert_eq(keyring_read(folder, &k, why, sizeof why), ST_OK, "%s", why);
    cr_assert_str_eq(keyring_current_kid(k), second);
    cr_assert(verifies(k, first, 2299, SECRET_A));
    cr_assert_not(verifies(k, first, 2300, SECRET_A));
    cr_assert(verifies(k, second, 2300, SECRET_B));
    keyring_free(k);
    cr_assert_eq(list_folder(), 3);

    cr_assert_eq(rotate(SECRET_A, 2300, 2600, third), ST_OK, "%s", why);
    cr_assert_neq(access(in_folder(first), F_OK), 0, "forgotten");
    cr_assert_eq(access(in_folder(second), F_OK), 0);
    cr_assert_eq(list_folder(), 3);
    remove_folder();
}

Test(keyring, rotation_stops_when_all_still_verify)
{
    char kid[17], last[17];

    make_folder();
    for (int i = 0; i < KEYRING_MAX; i++)
        cr_assert_eq(rotate(SECRET_A, 1000, 5000, last), ST_OK, "%d: %s", i, why);
    cr_assert_eq(rotate(SECRET_B, 1000, 5000, kid), ST_BUSY);
    cr_assert_eq(list_folder(), KEYRING_MAX + 1);
    struct keyring *k;
    cr_assert_eq(keyring_read(folder, &k, why, sizeof why), ST_OK, "%s", why);
    cr_assert_str_eq(keyring_current_kid(k), last);
    keyring_free(k);
    cr_assert_eq(rotate(SECRET_B, 5000, 9000, kid), ST_OK, "%s", why);
    remove_folder();
}

Test(keyring, rotation_does_not_mend_what_is_broken)
{
    char kid[17];

    make_folder();
    write_file("keyring.conf", "current = \n", 0600);
    cr_assert_eq(rotate(SECRET_A, 1000, 5000, kid), ST_INVALID);
    cr_assert_eq(list_folder(), 1);
    remove_folder();
}
