/* The mediator's configuration, as the daemon loads it at its start and on SIGHUP: read whole or
 * refused with a reason. Each '@' of the input stands for a folder of keys. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "settings.h"

#define SECRET "0123456789abcdef0123456789abcdef0123456789a"

/* libconfuse leaks what it has read when it gives up in the middle of a list. */
/* By LeakSanitizer. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfuse\n";
}

static char folder[] = "/tmp/vouchsafe-fuzz-config-XXXXXX", keys[64], path[64];

static void remove_folder(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    (void)!system(command);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char kid[KEYRING_KID_LEN + 1], why[CONFIG_WHY_MAX];

    (void)argc, (void)argv;
    umask(077);
    MUST(mkdtemp(folder) && atexit(remove_folder) == 0);
    snprintf(path, sizeof path, "%s/mediator.conf", folder);
    snprintf(keys, sizeof keys, "%s/keys", folder);
    MUST(keyring_rotate(keys, SLICE_LIT(SECRET), 0, 0, kid, why, sizeof why) == ST_OK);
    return 0;
}

static void write_file(const uint8_t *data, size_t len)
{
    FILE *f = fopen(path, "w");

    MUST(f);
    for (size_t i = 0; i < len; i++)
        MUST(data[i] == '@' ? fputs(keys, f) != EOF : fputc(data[i], f) != EOF);
    MUST(fclose(f) == 0);
}

static void load_model(cfg_t *cfg)
{
    char why[CONFIG_WHY_MAX] = "";
    void *model;

    if (settings_load(cfg, NULL, NULL, &model, why, sizeof why) == ST_OK) {
        (void)!settings_client(model, SLICE_LIT("my-app"));
        settings_free(model);
    } else {
        MUST(why[0]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char why[CONFIG_WHY_MAX] = "";
    struct config_daemon config;
    cfg_t *cfg;

    write_file(data, len);
    if (config_parse(path, settings_opts, &cfg, why, sizeof why) != ST_OK) {
        MUST(why[0]);
        return 0;
    }
    if (config_daemon_read(cfg, &config, why, sizeof why) == ST_OK) {
        MUST(!config_daemon_difference(&config, &config));
        config_daemon_clear(&config);
    } else {
        MUST(why[0]);
    }
    load_model(cfg);
    cfg_free(cfg);
    return 0;
}
