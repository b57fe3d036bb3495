#include "device_registry.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"

struct place {
    char folder[64], inside[96], why[CONFIG_WHY_MAX];
};

static void place_open(struct place *p)
{
    *p = (struct place){ .folder = "/tmp/vouchsafe-devices-XXXXXX" };
    cr_assert_not_null(mkdtemp(p->folder));
    snprintf(p->inside, sizeof p->inside, "%s/devices", p->folder);
}

static void place_close(const struct place *p)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", p->folder);
    cr_expect_eq(system(command), 0);
}

static enum status add(struct place *p, const char *id, uint8_t key)
{
    const struct device_key first = { .kid = "k", .secret = { key } };
    struct device_change change;
    enum status st = device_change_begin(p->inside, id, true, &change, p->why, sizeof p->why);

    if (st)
        return st;
    change.device.mode = DEVICE_PUSH;
    cr_assert_eq(device_rotate(&change.device, &first, 0, 0), ST_OK);
    st = device_change_write(&change, p->why, sizeof p->why);
    device_change_end(&change);
    return st;
}

static enum status withdraw(struct place *p, const char *id)
{
    struct device_change change;
    enum status st = device_change_begin(p->inside, id, false, &change, p->why, sizeof p->why);

    if (st)
        return st;
    change.device.revoked = true;
    st = device_change_write(&change, p->why, sizeof p->why);
    device_change_end(&change);
    return st;
}

static struct device_registry *read_it(struct place *p)
{
    struct device_registry *r;

    cr_assert_eq(device_registry_read(p->inside, &r, p->why, sizeof p->why), ST_OK, "%s", p->why);
    return r;
}

Test(device_registry, finds_what_was_added)
{
    struct place p;

    place_open(&p);
    for (int i = 40; i > 0; i--) {
        char id[16];
        snprintf(id, sizeof id, "door-%d", i);
        cr_assert_eq(add(&p, id, (uint8_t)i), ST_OK, "%s", p.why);
    }
    struct device_registry *r = read_it(&p);
    cr_assert_eq(device_registry_count(r), 40);
    cr_assert_eq(device_registry_find(r, SLICE_LIT("door-7"))->keys[0].secret[0], 7);
    cr_assert_null(device_registry_find(r, SLICE_LIT("door-")));
    cr_assert_null(device_registry_find(r, SLICE_LIT("door-77")));
    cr_assert_null(device_registry_find(r, (struct slice){ NULL, 0 }));
    cr_assert_null(device_registry_find(NULL, SLICE_LIT("door-7")));
    device_registry_free(r);
    place_close(&p);
}

Test(device_registry, an_id_is_taken_once)
{
    struct place p;

    place_open(&p);
    cr_assert_eq(add(&p, "../door", 1), ST_INVALID);
    cr_assert_eq(add(&p, "door", 1), ST_OK);
    cr_assert_eq(add(&p, "door", 2), ST_EXISTS);
    struct device_registry *r = read_it(&p);
    cr_assert_eq(device_registry_find(r, SLICE_LIT("door"))->keys[0].secret[0], 1);
    device_registry_free(r);
    place_close(&p);
}

Test(device_registry, a_revoked_device_is_listed_and_not_found)
{
    struct place p;

    place_open(&p);
    cr_assert_eq(add(&p, "door", 1), ST_OK);
    cr_assert_eq(add(&p, "gate", 1), ST_OK);
    cr_assert_eq(withdraw(&p, "window"), ST_NOT_FOUND);
    cr_assert_eq(withdraw(&p, "door"), ST_OK);
    struct device_registry *r = read_it(&p);
    cr_assert_eq(device_registry_count(r), 2);
    cr_assert_null(device_registry_find(r, SLICE_LIT("door")));
    cr_assert_not_null(device_registry_find(r, SLICE_LIT("gate")));
    device_registry_free(r);
    place_close(&p);
}

Test(device_registry, nobody_else_may_look)
{
    struct device_registry *r;
    struct place p;
    char file[128];

    place_open(&p);
    cr_assert_eq(add(&p, "door", 1), ST_OK);
    snprintf(file, sizeof file, "%s/door.json", p.inside);
    struct stat info;
    cr_assert_eq(stat(file, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);
    cr_assert_eq(chmod(file, 0640), 0);
    cr_assert_eq(device_registry_read(p.inside, &r, p.why, sizeof p.why), ST_DENIED);
    cr_assert_not_null(strstr(p.why, "door.json"));
    cr_assert_eq(chmod(file, 0600), 0);
    cr_assert_eq(chmod(p.inside, 0750), 0);
    cr_assert_eq(device_registry_read(p.inside, &r, p.why, sizeof p.why), ST_DENIED);
    cr_assert_eq(chmod(p.inside, 0700), 0);
    device_registry_free(read_it(&p));
    place_close(&p);
}

Test(device_registry, one_bad_file_fails_the_whole)
{
    struct device_registry *r;
    struct place p;
    char file[128];

    place_open(&p);
    cr_assert_eq(device_registry_read(p.inside, &r, p.why, sizeof p.why), ST_NOT_FOUND);
    cr_assert_eq(add(&p, "door", 1), ST_OK);
    snprintf(file, sizeof file, "%s/gate.json", p.inside);
    FILE *f = fopen(file, "w");
    fputs("{}", f);
    fclose(f);
    chmod(file, 0600);
    cr_assert_eq(device_registry_read(p.inside, &r, p.why, sizeof p.why), ST_INVALID);
    cr_assert_not_null(strstr(p.why, "gate.json"));
    cr_assert_eq(symlink("door.json", strcat(strcpy(file, p.inside), "/link.json")), 0);
    cr_assert_neq(device_registry_read(p.inside, &r, p.why, sizeof p.why), ST_OK);
    unlink(file);
    unlink(strcat(strcpy(file, p.inside), "/gate.json"));
    device_registry_free(read_it(&p));
    place_close(&p);
}
