#include "configured.h"
#include "device_registry.h"

#define UPSTREAM                                                                                   \
    "issuer = \"https://auth.example\"\nupstream \"as\" { issuer = \"https://as.example\" }\n"
#define REGISTRY "registry = \"%s/../devices\"\n"

static void add(const struct configured *c, const char *id, enum device_mode mode)
{
    const struct device_key key = { .kid = "k", .public = { .curve = DH_X25519, .x = { 9 } } };
    char folder[128], why[CONFIG_WHY_MAX];
    struct device_change change;

    snprintf(folder, sizeof folder, "%s/devices", c->folder);
    cr_assert_eq(device_change_begin(folder, id, true, &change, why, sizeof why), ST_OK);
    change.device.mode = mode;
    cr_assert_eq(device_rotate(&change.device, &key, 0, 0), ST_OK);
    cr_assert_eq(device_change_write(&change, why, sizeof why), ST_OK);
    device_change_end(&change);
}

Test(settings_device, without_a_section_there_are_none)
{
    struct configured c;

    configured_folder(&c);
    cr_assert_eq(configured_load(&c, UPSTREAM "client \"app\" { keyring = \"%s\" }"), ST_OK, "%s",
                 c.why);
    const struct settings *s = c.model;
    cr_assert_null(s->device.registry);
    cr_assert_eq(s->clients[0].devices.count, 0);
    cr_assert_not(s->upstreams[0].judges_devices);
    configured_clear(&c);
}

Test(settings_device, reads_the_section)
{
    struct configured c;

    configured_folder(&c);
    add(&c, "door", DEVICE_PUSH);
    cr_assert_eq(configured_load(&c, UPSTREAM "device { " REGISTRY "listen = { \"127.0.0.1:0\" }\n"
                                              "queue = 3 }\n"
                                              "client \"app\" { keyring = \"%s\"\n"
                                              "devices = { \"door\", \"gate-*\", \"*\" }\n"
                                              "queue_grants = true grant_max_lifetime = 60 }"),
                 ST_OK, "%s", c.why);
    const struct settings *s = c.model;
    cr_assert_eq(s->device.queue, 3);
    cr_assert_eq(s->device.heartbeat_s, 30);
    cr_assert_str_eq(s->device.resource_prefix, "urn:vouchsafe:device:");
    cr_assert_not_null(device_registry_find(s->device.registry, SLICE_LIT("door")));
    cr_assert(s->clients[0].queue_grants);
    cr_assert_eq(s->clients[0].grant_max_lifetime, 60);
    configured_clear(&c);
}

Test(settings_device, refuses_what_is_wrong)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "device { listen = { \"127.0.0.1:0\" } }", "registry is required" },
        { "device { " REGISTRY "listen = { \"nowhere\" } }", "listen it is not like" },
        { "device { " REGISTRY "queue = 0 }", "queue" },
        { "device { " REGISTRY "queue = 65 }", "queue" },
        { "device { " REGISTRY "grant_max_lifetime = 2592001 }", "grant_max_lifetime" },
        { "device { registry = \"/nowhere\" }", "/nowhere" },
        { "device { " REGISTRY "token_keyring = \"/nowhere\" }", "/nowhere" },
        { "client \"app\" { keyring = \"%s\" devices = { \"door\" } }", "needs a device section" },
        { "device { " REGISTRY "}\nclient \"app\" { keyring = \"%s\" devices = { \"a*b\" } }",
          "devices holds" },
        { "device { " REGISTRY "}\nclient \"app\" { keyring = \"%s\" devices = { \"../x\" } }",
          "devices holds" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct configured c;
        char text[1024];
        configured_folder(&c);
        add(&c, "door", DEVICE_PUSH);
        snprintf(text, sizeof text, UPSTREAM "%s", "");
        strcat(text, cases[i].text);
        cr_expect_eq(configured_load(&c, text), ST_INVALID, "%s", cases[i].text);
        cr_expect_not_null(strstr(c.why, cases[i].says), "%s: %s", cases[i].text, c.why);
        c.model = NULL;
        configured_clear(&c);
    }
}

Test(settings_device, sealed_devices_need_a_key_that_signs)
{
    struct configured c;

    configured_folder(&c);
    add(&c, "pump", DEVICE_SEALED);
    cr_assert_eq(configured_load(&c, UPSTREAM "device { " REGISTRY "}"), ST_INVALID);
    cr_assert_not_null(strstr(c.why, "token_keyring is required"), "%s", c.why);
    c.model = NULL;
    configured_clear(&c);
}

Test(settings_device, grants_are_sealed_so_the_keyring_is_needed)
{
    struct configured c;

    configured_folder(&c);
    add(&c, "door", DEVICE_PUSH);
    cr_assert_eq(configured_load(&c, UPSTREAM "device { " REGISTRY "}"
                                              "client \"app\" { keyring = \"%s\" "
                                              "seal_refresh = false }"),
                 ST_INVALID);
    cr_assert_not_null(strstr(c.why, "needs seal_keyring"), "%s", c.why);
    c.model = NULL;
    configured_clear(&c);
}
