#include "daemon.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "health.h"

/* A daemon of two routes: GET /word says a word of its configuration, GET /slow
 * answers after a while. Each runs in a child of the test. */

enum { PATIENCE_MS = 10000, SLOW_MS = 400 };

static char folder[] = "/tmp/vouchsafe-daemon-XXXXXX";
static struct sandbox {
    char config[64], log[64], socket[64];
    pid_t pid;
} box;

/* --- the daemon under test --- */

static enum status load_word(cfg_t *cfg, struct log *log, struct folder_watch *watch, void **model,
                             char *why, size_t why_cap)
{
    (void)log, (void)watch;
    if (!cfg_getstr(cfg, "word")) {
        snprintf(why, why_cap, "word is missing");
        return ST_INVALID;
    }
    *model = strdup(cfg_getstr(cfg, "word"));
    return *model ? ST_OK : ST_NO_MEMORY;
}

static void say_word(struct http_exchange *ex, void *app)
{
    const struct worker *w = app;

    http_reply(ex, 200, "text/plain", NULL, 0, slice_of(w->model->model));
}

struct slow {
    struct http_exchange *ex;
    struct model_ref *model;
    struct event *timer;
};

static void answer_slow(evutil_socket_t fd, short what, void *arg)
{
    struct slow *slow = arg;
    struct slow it = *slow;

    (void)fd, (void)what;
    event_free(it.timer);
    free(slow);
    http_reply(it.ex, 200, "text/plain", NULL, 0, slice_of(it.model->model));
    model_ref_drop(it.model);
}

static void say_slowly(struct http_exchange *ex, void *app)
{
    const struct worker *w = app;
    const struct timeval delay = { .tv_usec = SLOW_MS * 1000 };
    struct slow *slow = malloc(sizeof *slow);

    *slow = (struct slow){ ex, model_ref_hold(w->model), NULL };
    slow->timer = evtimer_new(w->base, answer_slow, slow);
    event_add(slow->timer, &delay);
}

static enum status note_start(struct worker *w)
{
    w->state = w;
    log_note(w->log, LOG_INFO, "hook", "name", "start");
    return ST_OK;
}

static enum status fail_start(struct worker *w)
{
    return w->index == 1 ? ST_UNAVAILABLE : ST_OK;
}

static void note_reload(struct worker *w)
{
    log_note(w->log, LOG_INFO, "hook", "name", w->state == w ? "reload" : "wrong");
}

static void note_stop(struct worker *w)
{
    log_note(w->log, LOG_INFO, "hook", "name", "stop");
}

static const struct http_route routes[] = {
    { "GET", "/word", say_word },
    { "GET", "/slow", say_slowly },
    { "GET", "/healthz", health_handle },
    { "GET", "/readyz", ready_handle },
};

static int run_daemon(int argc, char **argv, enum status (*start)(struct worker *))
{
    cfg_opt_t opts[] = { CFG_STR("word", NULL, CFGF_NONE), CONFIG_DAEMON_OPTS, CFG_END() };
    const struct daemon_spec spec = {
        .name = "testd",
        .summary = "says a word",
        .default_config = "/nowhere/testd.conf",
        .routes = routes,
        .route_count = sizeof routes / sizeof routes[0],
        .opts = opts,
        .model_load = load_word,
        .model_free = free,
        .worker_start = start,
        .worker_reload = note_reload,
        .worker_stop = note_stop,
    };

    return daemon_main(&spec, argc, argv);
}

/* --- around it --- */

static void setup(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(box.config, sizeof box.config, "%s/testd.conf", folder);
    snprintf(box.log, sizeof box.log, "%s/testd.log", folder);
    snprintf(box.socket, sizeof box.socket, "%s/testd.sock", folder);
}

static void clean(void)
{
    char command[64];

    if (box.pid) {
        kill(box.pid, SIGKILL);
        waitpid(box.pid, NULL, 0);
    }
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(daemon, .init = setup, .fini = clean);

static void configure(const char *text)
{
    FILE *file = fopen(box.config, "w");

    cr_assert_not_null(file);
    fprintf(file, "log { file = \"%s\" }\n%s\n", box.log, text);
    fclose(file);
}

/* Its output, both streams, goes to the log as well. */
static void spawn(enum status (*start)(struct worker *), int argc, const char *const *argv)
{
    box.pid = fork();
    cr_assert_geq(box.pid, 0);
    if (box.pid)
        return;
    int fd = open(box.log, O_WRONLY | O_APPEND | O_CREAT, 0600);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    exit(run_daemon(argc, (char **)argv, start));
}

static void start(void)
{
    const char *argv[] = { "testd", "--config", box.config, NULL };

    spawn(note_start, 3, argv);
}

static const char *log_so_far(void)
{
    static char text[65536];
    int fd = open(box.log, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static unsigned logged(const char *word)
{
    unsigned count = 0;

    for (const char *at = log_so_far(); (at = strstr(at, word)); at += strlen(word))
        count++;
    return count;
}

static void await_logged(const char *word, unsigned times)
{
    for (int ms = 0; ms < PATIENCE_MS && logged(word) < times; ms += 5)
        usleep(5000);
    cr_assert_eq(logged(word), times, "%s: %s", word, log_so_far());
}

static int exit_code(void)
{
    int status = -1;

    for (int ms = 0; ms < PATIENCE_MS; ms += 5) {
        if (waitpid(box.pid, &status, WNOHANG) == box.pid) {
            box.pid = 0;
            cr_assert(WIFEXITED(status), "ended by signal %d: %s", WTERMSIG(status), log_so_far());
            return WEXITSTATUS(status);
        }
        usleep(5000);
    }
    cr_assert_fail("it does not end: %s", log_so_far());
    return -1;
}

static unsigned port(void)
{
    await_logged("\"event\":\"listening\"", 1);
    const char *at = strstr(log_so_far(), "\"address\":\"127.0.0.1:");
    cr_assert_not_null(at, "%s", log_so_far());
    return (unsigned)strtoul(at + strlen("\"address\":\"127.0.0.1:"), NULL, 10);
}

static int dial(unsigned to)
{
    const struct sockaddr_in address = { .sin_family = AF_INET,
                                         .sin_port = htons((uint16_t)to),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static int dial_unix(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(address.sun_path, box.socket);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void ask(int fd, const char *path)
{
    char text[128];
    int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                     path);

    cr_assert_eq(write(fd, text, (size_t)n), n);
}

/* "CODE BODY", until the connection ends. */
static const char *answer(int fd)
{
    static char text[4096], result[4096];
    size_t len = 0;
    ssize_t n;

    while ((n = read(fd, text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)n;
    close(fd);
    text[len] = '\0';
    const char *body = strstr(text, "\r\n\r\n");
    snprintf(result, sizeof result, "%.3s %s", len > 9 ? text + 9 : "", body ? body + 4 : "");
    return result;
}

static const char *get(const char *path)
{
    int fd = dial(port());

    cr_assert_geq(fd, 0);
    ask(fd, path);
    return answer(fd);
}

/* --- command line --- */

Test(daemon, wrong_usage)
{
    static const char *const cases[][4] = { { "testd", "--nonsense" },
                                            { "testd", "extra" },
                                            { "testd", "--config" },
                                            { "testd", "--check-config", "x" } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *argv[] = { cases[i][0], cases[i][1], cases[i][2], NULL };
        spawn(note_start, argv[2] ? 3 : 2, argv);
        cr_assert_eq(exit_code(), 2, "%s", argv[1]);
        await_logged("Try 'testd --help'", (unsigned)i + 1);
    }
}

Test(daemon, help_and_version)
{
    const char *help[] = { "testd", "--help", NULL }, *version[] = { "testd", "--version", NULL };

    spawn(note_start, 2, help);
    cr_assert_eq(exit_code(), 0);
    await_logged("Usage: testd", 1);
    await_logged("/nowhere/testd.conf", 1);
    spawn(note_start, 2, version);
    cr_assert_eq(exit_code(), 0);
    await_logged("\ntestd 0.", 1);
}

Test(daemon, check_config)
{
    static const struct {
        const char *text, *word;
        int code;
    } cases[] = {
        { "listen = { \"127.0.0.1:1\" }", "testd.conf: word is missing", 1 },
        { "word = x\nworkers = 999", "testd.conf: workers must be", 1 },
        { "word = x\nlisen = 1", "is \"listen\" meant", 1 },
        { "word = x\nlisten = { nowhere }", "nowhere", 1 },
        { "word = x", "configuration ok\n", 0 }, /* what to listen on may come from systemd */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *argv[] = { "testd", "--check-config", "--config", box.config, NULL };
        configure(cases[i].text);
        spawn(note_start, 4, argv);
        cr_assert_eq(exit_code(), cases[i].code, "%s: %s", cases[i].text, log_so_far());
        await_logged(cases[i].word, 1);
        unlink(box.log);
    }
}

Test(daemon, what_cannot_start_says_why)
{
    static const struct {
        const char *text, *word;
    } cases[] = {
        { "word = x", "listen" },
        { "listen = { \"127.0.0.1:0\" }", "word is missing" },
        { "word = x listen = { \"127.0.0.1:0\", \"192.0.2.1:1\" }", "192.0.2.1:1" },
        { "word = x listen = { \"127.0.0.1:0\" } user = \"no-such-user\"", "no-such-user" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        configure(cases[i].text);
        start();
        cr_assert_eq(exit_code(), 1, "%s", cases[i].text);
        await_logged(cases[i].word, 1);
        unlink(box.log);
    }
}

Test(daemon, a_worker_that_does_not_start)
{
    const char *argv[] = { "testd", "--config", box.config, NULL };

    configure("word = x listen = { \"127.0.0.1:0\" } workers = 3");
    spawn(fail_start, 3, argv);
    cr_assert_eq(exit_code(), 1);
    await_logged("a worker does not start: unavailable", 1);
    cr_assert_eq(logged("listening"), 0);
}

/* --- serving --- */

Test(daemon, serves_on_all_its_sockets)
{
    char text[256];

    snprintf(text, sizeof text,
             "word = x\nlisten = { \"127.0.0.1:0\", \"unix:%s\" }\nworkers = 3\n", box.socket);
    configure(text);
    start();
    await_logged("\"event\":\"listening\"", 2);
    const char *at = strstr(log_so_far(), "127.0.0.1:");
    unsigned to = (unsigned)strtoul(at + 10, NULL, 10);
    cr_assert_neq(to, 0);
    for (int i = 0; i < 30; i++) {
        int fd = i % 2 ? dial(to) : dial_unix();
        ask(fd, "/word");
        cr_assert_str_eq(answer(fd), "200 x");
    }
    cr_assert_eq(logged("\"name\":\"start\""), 3);
    kill(box.pid, SIGTERM);
    cr_assert_eq(exit_code(), 0);
    cr_assert_eq(logged("\"name\":\"stop\""), 3);
    cr_assert_eq(logged("\"event\":\"ended\""), 1);
}

Test(daemon, health_follows_the_store)
{
    configure("word = x listen = { \"127.0.0.1:0\" } workers = 1");
    start();
    cr_assert_str_eq(get("/healthz"), "200 {\"status\":\"ok\"}");
    cr_assert_str_eq(get("/readyz"), "200 {\"status\":\"ok\"}");
    kill(box.pid, SIGTERM);
    cr_assert_eq(exit_code(), 0);
    unlink(box.log);

    configure("word = x listen = { \"127.0.0.1:0\" } store { url = \"unix:///nowhere/redis\" }");
    start();
    cr_assert_str_eq(get("/healthz"), "200 {\"status\":\"ok\"}");
    cr_assert_eq(strncmp(get("/readyz"), "503 ", 4), 0);
}

/* Nobody of this user may look into its memory, nor may it write a core. */
Test(daemon, is_sealed)
{
    char path[64], text[4096];

    configure("word = x listen = { \"127.0.0.1:0\" }");
    start();
    port();
    snprintf(path, sizeof path, "/proc/%d/limits", (int)box.pid);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    cr_assert_not_null(strstr(text, "Max core file size        0                    0"), "%s",
                       text);
    snprintf(path, sizeof path, "/proc/%d/status", (int)box.pid);
    file = fopen(path, "r");
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    cr_assert_not_null(strstr(text, "NoNewPrivs:\t1"));
    cr_assert_not_null(strstr(text, "Umask:\t0077"));
    struct stat log;
    cr_assert_eq(stat(box.log, &log), 0);
    cr_assert_eq(log.st_mode & 0077, 0);
}

/* --- reload --- */

Test(daemon, a_reload_switches_every_worker)
{
    configure("word = one listen = { \"127.0.0.1:0\" } workers = 3");
    start();
    cr_assert_str_eq(get("/word"), "200 one");
    for (unsigned round = 1; round <= 5; round++) {
        char text[96], expected[16];
        snprintf(text, sizeof text, "word = w%u listen = { \"127.0.0.1:0\" } workers = 3", round);
        snprintf(expected, sizeof expected, "200 w%u", round);
        configure(text);
        kill(box.pid, SIGHUP);
        await_logged("\"event\":\"reloaded\"", round);
        for (int i = 0; i < 12; i++)
            cr_assert_str_eq(get("/word"), expected);
    }
    cr_assert_eq(logged("\"name\":\"reload\""), 15);
    cr_assert_eq(logged("restart needed"), 0);
    kill(box.pid, SIGTERM);
    cr_assert_eq(exit_code(), 0);
}

Test(daemon, a_reload_that_fails_changes_nothing)
{
    static const char *const bad[] = { "nonsense = 1", "listen = { \"127.0.0.1:0\" }",
                                       "word = two workers = 999" };

    configure("word = one listen = { \"127.0.0.1:0\" } workers = 2");
    start();
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_str_eq(get("/word"), "200 one");
        configure(bad[i]);
        kill(box.pid, SIGHUP);
        await_logged("\"event\":\"reload failed\"", i + 1);
    }
    cr_assert_str_eq(get("/word"), "200 one");
    cr_assert_eq(logged("word is missing"), 1);
    configure("word = two listen = { \"127.0.0.1:0\" } workers = 3");
    kill(box.pid, SIGHUP);
    await_logged("\"event\":\"reloaded\"", 1);
    await_logged("\"setting\":\"workers\"", 1);
    cr_assert_str_eq(get("/word"), "200 two");
}

Test(daemon, a_request_ends_under_the_model_it_began_under)
{
    configure("word = one listen = { \"127.0.0.1:0\" } workers = 1");
    start();
    int fd = dial(port());
    ask(fd, "/slow");
    usleep(50000);
    configure("word = two listen = { \"127.0.0.1:0\" } workers = 1");
    kill(box.pid, SIGHUP);
    await_logged("\"event\":\"reloaded\"", 1);
    cr_assert_str_eq(get("/word"), "200 two");
    cr_assert_str_eq(answer(fd), "200 one");
}

/* --- drain --- */

Test(daemon, a_drain_answers_what_is_under_way)
{
    configure("word = one listen = { \"127.0.0.1:0\" } workers = 2");
    start();
    unsigned to = port();
    int fd = dial(to);
    ask(fd, "/slow");
    usleep(50000);
    kill(box.pid, SIGTERM);
    await_logged("\"event\":\"draining\"", 1);
    for (int i = 0; i < 100; i++) { /* both workers close theirs */
        int late = dial(to);
        if (late < 0)
            break;
        close(late);
        usleep(1000);
    }
    cr_assert_lt(dial(to), 0);
    cr_assert_str_eq(answer(fd), "200 one");
    cr_assert_eq(exit_code(), 0);
}

Test(daemon, a_drain_has_an_end)
{
    configure("word = one listen = { \"127.0.0.1:0\" } workers = 2 drain_timeout = 0");
    start();
    int fd = dial(port());
    ask(fd, "/slow");
    usleep(50000);
    kill(box.pid, SIGINT);
    cr_assert_eq(exit_code(), 0);
    await_logged("drain_timeout has passed", 1);
    close(fd);
}

Test(daemon, a_second_signal_ends_at_once)
{
    configure("word = one listen = { \"127.0.0.1:0\" } workers = 2");
    start();
    int fd = dial(port());
    ask(fd, "/slow");
    usleep(50000);
    kill(box.pid, SIGTERM);
    await_logged("\"event\":\"draining\"", 1);
    kill(box.pid, SIGINT);
    cr_assert_eq(exit_code(), 0);
    await_logged("second signal", 1);
    close(fd);
}

/* --- systemd --- */

static int notify_socket(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static void expect_notice(int fd, const char *start_of)
{
    char text[256];
    struct pollfd ready = { .fd = fd, .events = POLLIN };

    cr_assert_eq(poll(&ready, 1, PATIENCE_MS), 1, "%s", start_of);
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    text[n < 0 ? 0 : n] = '\0';
    cr_assert_eq(strncmp(text, start_of, strlen(start_of)), 0, "%s", text);
}

Test(daemon, systemd_is_told)
{
    char name[64], abstract[64];

    snprintf(name, sizeof name, "%s/notify", folder);
    snprintf(abstract, sizeof abstract, "@vouchsafe-test-%d", (int)getpid());
    for (int i = 0; i < 2; i++) {
        int fd = notify_socket(i ? abstract : name);
        configure("word = one listen = { \"127.0.0.1:0\" }");
        start();
        expect_notice(fd, "READY=1");
        kill(box.pid, SIGHUP);
        expect_notice(fd, "RELOADING=1\nMONOTONIC_USEC=");
        expect_notice(fd, "READY=1");
        kill(box.pid, SIGTERM);
        expect_notice(fd, "STOPPING=1");
        cr_assert_eq(exit_code(), 0);
        close(fd);
    }
}

/* Starts the daemon with a socket from systemd of that name; its port. */
static unsigned start_with_socket(const char *name)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    cr_assert_eq(listen(fd, 8), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    box.pid = fork();
    if (box.pid == 0) {
        char pid[16];
        const char *argv[] = { "testd", "--config", box.config, NULL };
        snprintf(pid, sizeof pid, "%d", (int)getpid());
        setenv("LISTEN_PID", pid, 1);
        setenv("LISTEN_FDS", "1", 1);
        setenv("LISTEN_FDNAMES", name, 1);
        dup2(fd, 3);
        exit(run_daemon(3, (char **)argv, note_start));
    }
    close(fd);
    await_logged("systemd:0", 1);
    return ntohs(address.sin_port);
}

Test(daemon, systemd_hands_over_a_socket)
{
    configure("word = one workers = 2");
    unsigned port = start_with_socket("testd.socket");
    for (int i = 0; i < 4; i++) {
        int fd = dial(port);
        ask(fd, "/word");
        cr_assert_str_eq(answer(fd), "200 one");
    }
}

Test(daemon, a_socket_of_systemds_may_want_proxy_headers)
{
    static const char header[] = "PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n";

    configure("word = one workers = 2 trusted_proxies = { \"127.0.0.1\" }");
    unsigned port = start_with_socket("proxy");
    await_logged("\"proxy\":\"proxy\"", 1);
    int fd = dial(port), without = dial(port);
    char byte;
    ask(without, "/word");
    cr_expect_leq(recv(without, &byte, 1, 0), 0, "closed without an answer");
    cr_assert_eq(send(fd, header, sizeof header - 1, 0), sizeof header - 1);
    ask(fd, "/word");
    cr_assert_str_eq(answer(fd), "200 one");
}

/* --- the side worker --- */

static bool want_side(cfg_t *cfg)
{
    return strcmp(cfg_getstr(cfg, "word"), "alone") != 0;
}

static enum status side_start(struct worker *w)
{
    w->state = w;
    log_note(w->log, LOG_INFO, "side", "name", w->side ? "wrong" : "start");
    return strcmp(w->model->model, "broken") == 0 ? ST_UNAVAILABLE : ST_OK;
}

static void side_reload(struct worker *w)
{
    log_note(w->log, LOG_INFO, "side", "name", w->model->model);
}

static void side_stop(struct worker *w)
{
    log_note(w->log, LOG_INFO, "side", "name", "stop");
}

/* Its order among the others' lines is what is looked at. */
static enum status rely_on_side(struct worker *w)
{
    log_note(w->log, LOG_INFO, "hook", "name", w->side ? "sees side" : "sees none");
    return ST_OK;
}

static int run_with_side(int argc, char **argv)
{
    cfg_opt_t opts[] = { CFG_STR("word", NULL, CFGF_NONE), CONFIG_DAEMON_OPTS, CFG_END() };
    const struct daemon_spec spec = {
        .name = "testd",
        .summary = "says a word",
        .default_config = "/nowhere/testd.conf",
        .routes = routes,
        .route_count = sizeof routes / sizeof routes[0],
        .opts = opts,
        .model_load = load_word,
        .model_free = free,
        .worker_start = rely_on_side,
        .worker_stop = note_stop,
        .side_wanted = want_side,
        .side_start = side_start,
        .side_reload = side_reload,
        .side_stop = side_stop,
    };

    return daemon_main(&spec, argc, argv);
}

static void launch_with_side(void)
{
    const char *argv[] = { "testd", "--config", box.config, NULL };

    box.pid = fork();
    if (box.pid)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    exit(run_with_side(3, (char **)argv));
}

#define SIDE_CONFIG "listen = { \"127.0.0.1:0\" }\nworkers = 2\nword = "

static size_t first_place(const char *text)
{
    const char *at = strstr(log_so_far(), text);

    cr_assert_not_null(at, "%s: %s", text, log_so_far());
    return (size_t)(at - log_so_far());
}

static size_t last_place(const char *text)
{
    size_t place = first_place(text);

    for (const char *at = log_so_far() + place; (at = strstr(at, text)); at++)
        place = (size_t)(at - log_so_far());
    return place;
}

Test(daemon, the_side_worker_starts_before_the_others_and_ends_after_them)
{
    configure(SIDE_CONFIG "one");
    launch_with_side();
    cr_assert_str_eq(get("/readyz"), "200 {\"status\":\"ok\"}");
    await_logged("sees side", 2);
    configure(SIDE_CONFIG "two");
    kill(box.pid, SIGHUP);
    await_logged("\"event\":\"side\",\"name\":\"two\"", 1);
    kill(box.pid, SIGTERM);
    cr_assert_eq(exit_code(), 0);
    cr_assert_lt(first_place("\"event\":\"side\",\"name\":\"start\""), first_place("sees side"));
    cr_assert_gt(first_place("\"event\":\"side\",\"name\":\"stop\""),
                 last_place("\"event\":\"hook\",\"name\":\"stop\""));
}

Test(daemon, without_need_there_is_no_side_worker)
{
    configure(SIDE_CONFIG "alone");
    launch_with_side();
    await_logged("sees none", 2);
    kill(box.pid, SIGTERM);
    cr_assert_eq(exit_code(), 0);
    cr_assert_eq(logged("\"event\":\"side\""), 0);
}

Test(daemon, a_side_worker_that_does_not_start_ends_the_daemon)
{
    configure(SIDE_CONFIG "broken");
    launch_with_side();
    cr_assert_eq(exit_code(), 1);
    cr_assert_eq(logged("sees"), 0);
}
