#include "record.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME, AGE, FRIENDS, HOUSE };

static const struct record_key house_keys[] = { { "street", RECORD_TEXT, NULL },
                                                { "number", RECORD_NUMBER, NULL },
                                                { .name = NULL } };
static const struct record_key keys[] = {
    [NAME] = { "name", RECORD_TEXT, NULL },
    [AGE] = { "age", RECORD_NUMBER, NULL },
    [FRIENDS] = { "friends", RECORD_TEXTS, NULL },
    [HOUSE] = { "house", RECORD_SECTION, house_keys },
    { .name = NULL },
};

static struct record_text room;
static char why[512], told[1024];

/* Writes down what it is told; the name "refuse" is one that it does not take. */
static enum status tell(void *arg, const struct record_item *item, char *reason, size_t cap)
{
    char line[256];

    (void)arg;
    if (item->key == HOUSE)
        snprintf(line, sizeof line, "house <%s> <%s> %lld;", item->title,
                 item->inner[0].text ? item->inner[0].text : "-", (long long)item->inner[1].number);
    else if (item->key == AGE)
        snprintf(line, sizeof line, "age %lld;", (long long)item->value.number);
    else
        snprintf(line, sizeof line, "%s <%s>;", keys[item->key].name, item->value.text);
    strncat(told, line, sizeof told - strlen(told) - 1);
    if (item->key != NAME || strcmp(item->value.text, "refuse") != 0)
        return ST_OK;
    snprintf(reason, cap, "this name is taken");
    return ST_EXISTS;
}

static enum status parse(const char *text)
{
    /* Of its own size, so that a sanitizer sees who reads past it. */
    told[0] = why[0] = '\0';
    room.len = strlen(text);
    memset(room.bytes, 'x', sizeof room.bytes);
    memcpy(room.bytes, text, room.len + 1);
    return record_parse(&room, "f", keys, tell, NULL, why, sizeof why);
}

Test(record, what_is_well_formed)
{
    static const struct {
        const char *text, *told;
    } rows[] = {
        { "", "" },
        { " \t\r\n# nothing\n#", "" },
        { "name = \"Ann\"\n", "name <Ann>;" },
        { "name=Ann", "name <Ann>;" },
        { "name = \"\"", "name <>;" },
        { "name = \"a \\\"b\\\" \\\\ \\$c # no comment\" # one",
          "name <a \"b\" \\ $c # no comment>;" },
        { "age = 12 name = x", "age 12;name <x>;" },
        { "age = \"0\"", "age 0;" },
        { "age = 9223372036854775807", "age 9223372036854775807;" },
        { "friends = {}", "" },
        { "friends={a,\"b c\" , d }name=e", "friends <a>;friends <b c>;friends <d>;name <e>;" },
        { "house a { } house \"a\" {number=3}", "house <a> <-> 0;house <a> <-> 3;" },
        { "house \"x\" { street = \"Long\" number = 7\n}\n", "house <x> <Long> 7;" },
        { "name\n=\nAnn\nage =\n1", "name <Ann>;age 1;" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(parse(rows[i].text), ST_OK, "%zu: %s", i, why);
        cr_assert_str_eq(told, rows[i].told, "%zu", i);
    }
}

Test(record, what_is_not_is_refused_with_its_line)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "nam = x", "f:1: \"nam\" is not known; is \"name\" meant?" },
        { "\n\nwholly_other = x", "f:3: \"wholly_other\" is not known here" },
        { "= x", "f:1: \"=\" is not expected here" },
        { "name = x\nname = y", "f:2: \"name\" is there twice" },
        { "friends = {}\nfriends = {}", "f:2: \"friends\" is there twice" },
        { "name", "f:1: \"=\" is missing behind name" },
        { "name = ", "f:1: a text or a number is missing" },
        { "name = 'x'", "f:1: a text or a number is missing" },
        { "name = \"x\n\"", "f:1: a text is not closed in its line" },
        { "name = \"x", "f:1: a text is not closed in its line" },
        { "name = \"x\\", "f:1: in a text \\ stands before \", \\ and $ only" },
        { "name = \"\\n\"", "f:1: in a text \\ stands before \", \\ and $ only" },
        { "name = \"${HOME}\"", "f:1: in a text \\ stands before $" },
        { "age = x", "f:1: age is a number, not \"x\"" },
        { "age = -1", "f:1: age is a number, not \"-1\"" },
        { "age = 9223372036854775808", "f:1: age is a number, not \"9223372036854775808\"" },
        { "friends = a", "f:1: friends is a list: friends = { \"...\", \"...\" }" },
        { "friends = { a, }", "f:1: a text or a number is missing" },
        { "friends = { a\nb }", "f:2: the list friends is not closed" },
        { "friends = { a", "f:1: the list friends is not closed" },
        { "house { }", "f:1: a text or a number is missing" },
        { "house a street", "f:1: \"{\" is missing behind house \"a\"" },
        { "house a {\n", "f:2: the section \"house\" is not closed" },
        { "house a { stret = x }", "f:1: \"stret\" is not known; is \"street\" meant?" },
        { "house a { number = 1 number = 1 }", "f:1: \"number\" is there twice" },
        { "house a { } }", "f:1: \"}\" is not expected here" },
        { "name = a // b", "f:1: \"/\" is not expected here" },
        { "age = 1\nname = refuse\n", "f:2: this name is taken" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum status st = strstr(rows[i].text, "refuse") ? ST_EXISTS : ST_INVALID;
        cr_assert_eq(parse(rows[i].text), st, "%zu", i);
        cr_assert_str_eq(why, rows[i].why, "%zu", i);
    }
}

/* Cut off anywhere it is read or refused, and nothing past its end is looked at. */
Test(record, every_beginning_of_a_record)
{
    static const char whole[] =
        "name = \"A\\\"\" age = 1 friends = {a, \"b\"} house c { number = 2 }";
    char text[sizeof whole];

    for (size_t len = 0; len < sizeof whole; len++) {
        memcpy(text, whole, len);
        text[len] = '\0';
        enum status st = parse(text);
        cr_assert(st == ST_OK || (st == ST_INVALID && strncmp(why, "f:1: ", 5) == 0), "%zu", len);
    }
    cr_assert_eq(parse(whole), ST_OK);
}

/* --- files --- */

static enum status load(const void *bytes, size_t len, size_t size)
{
    FILE *file = tmpfile();

    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, len, file), len);
    fflush(file);
    cr_assert_eq(lseek(fileno(file), 0, SEEK_SET), 0);
    enum status st = record_load(fileno(file), size, "f", &room, why, sizeof why);
    fclose(file);
    return st;
}

Test(record, files_up_to_the_limit)
{
    char *text = malloc(RECORD_LEN_MAX + 1);

    memset(text, 'a', RECORD_LEN_MAX + 1);
    cr_assert_eq(load(text, RECORD_LEN_MAX, RECORD_LEN_MAX), ST_OK);
    cr_assert_eq(room.len, RECORD_LEN_MAX);
    cr_assert_eq(room.bytes[RECORD_LEN_MAX], '\0');
    cr_assert_eq(load(text, RECORD_LEN_MAX + 1, RECORD_LEN_MAX + 1), ST_TOO_LARGE);
    cr_assert_eq(load(text, RECORD_LEN_MAX + 1, RECORD_LEN_MAX), ST_TOO_LARGE, "it has grown");
    cr_assert_str_eq(why, "f: File too large");
    cr_assert_eq(load(text, 3, 10), ST_OK, "it has become shorter");
    cr_assert_eq(room.len, 3);
    cr_assert_eq(load("", 0, 0), ST_OK);
    cr_assert_eq(load("a\0b", 3, 3), ST_INVALID);
    cr_assert_eq(record_load(-1, 1, "f", &room, why, sizeof why), ST_IO);
    free(text);
}
