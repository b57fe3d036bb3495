#include "tls.h"

#include <criterion/criterion.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DAY = 24 * 60 * 60, ROUNDS = 100 };

/* --- an authority and what it issues --- */

struct identity {
    X509 *certificate;
    EVP_PKEY *key;
};

static EVP_PKEY *new_key(void)
{
    EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    EVP_PKEY *key = EVP_PKEY_new();

    cr_assert(ec && key && EC_KEY_generate_key(ec) && EVP_PKEY_assign_EC_KEY(key, ec));
    return key;
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, NULL, nid, value);

    cr_assert_not_null(extension, "%s", value);
    cr_assert(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

/* Good from `from` to `until` days from now; an authority if there is no alternative name. */
static struct identity issue(const struct identity *issuer, const char *name, const char *altname,
                             int from, int until)
{
    static long serial;
    struct identity id = { X509_new(), new_key() };
    X509_NAME *subject = X509_get_subject_name(id.certificate);

    X509_set_version(id.certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(id.certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(id.certificate), (long)from * DAY);
    X509_gmtime_adj(X509_getm_notAfter(id.certificate), (long)until * DAY);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0);
    X509_set_issuer_name(id.certificate,
                         issuer ? X509_get_subject_name(issuer->certificate) : subject);
    X509_set_pubkey(id.certificate, id.key);
    add_extension(id.certificate, NID_basic_constraints,
                  altname ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (altname)
        add_extension(id.certificate, NID_subject_alt_name, altname);
    cr_assert_gt(X509_sign(id.certificate, issuer ? issuer->key : id.key, EVP_sha256()), 0);
    return id;
}

static void clear_identity(struct identity *id)
{
    X509_free(id->certificate);
    EVP_PKEY_free(id->key);
}

static char ca_file[64];
static struct identity authority, stranger;
static struct tls_settings *settings;

static void write_file(const char *path, X509 *certificate, const char *text)
{
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file);
    if (certificate)
        cr_assert(PEM_write_X509(file, certificate));
    else
        fputs(text, file);
    fclose(file);
}

static void setup(void)
{
    signal(SIGPIPE, SIG_IGN);
    strcpy(ca_file, "/tmp/vouchsafe-ca-XXXXXX");
    close(mkstemp(ca_file));
    authority = issue(NULL, "ours", NULL, -1, 1);
    stranger = issue(NULL, "ours", NULL, -1, 1); /* the same name, another key */
    write_file(ca_file, authority.certificate, NULL);
    cr_assert_eq(tls_settings_new(ca_file, &settings), ST_OK);
}

static void teardown(void)
{
    tls_settings_free(settings);
    clear_identity(&authority);
    clear_identity(&stranger);
    unlink(ca_file);
}

TestSuite(tls, .init = setup, .fini = teardown);

/* --- a server at the other end of a socket pair --- */

static struct {
    struct identity id;
    SSL_CTX *context;
    SSL *ssl;
    int fds[2]; /* the server's, ours */
    struct tls *client;
} pair;

/* Takes the identity. */
static void open_pair(struct identity id, uint16_t newest, const char *host)
{
    pair.id = id;
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.fds), 0);
    pair.context = SSL_CTX_new(TLS_method());
    cr_assert(SSL_CTX_set_min_proto_version(pair.context, TLS1_VERSION));
    cr_assert(SSL_CTX_set_max_proto_version(pair.context, newest));
    cr_assert(SSL_CTX_use_certificate(pair.context, id.certificate));
    cr_assert(SSL_CTX_use_PrivateKey(pair.context, id.key));
    pair.ssl = SSL_new(pair.context);
    cr_assert(SSL_set_fd(pair.ssl, pair.fds[0]));
    SSL_set_accept_state(pair.ssl);
    cr_assert_eq(tls_new(settings, pair.fds[1], slice_of(host), &pair.client), ST_OK);
}

static void close_pair(void)
{
    tls_free(pair.client);
    SSL_free(pair.ssl);
    SSL_CTX_free(pair.context);
    close(pair.fds[0]);
    close(pair.fds[1]);
    clear_identity(&pair.id);
}

/* Both ends in turns, until the client's is over. */
static enum tls_wants shake_hands(void)
{
    enum tls_wants wants = TLS_WANTS_READ;

    for (int i = 0; i < ROUNDS && (wants == TLS_WANTS_READ || wants == TLS_WANTS_WRITE); i++) {
        wants = tls_handshake(pair.client);
        SSL_do_handshake(pair.ssl);
    }
    return wants;
}

static void open_ready(void)
{
    open_pair(issue(&authority, "server", "DNS:as.example", -1, 1), TLS1_3_VERSION, "as.example");
    cr_assert_eq(shake_hands(), TLS_READY);
}

Test(tls, files_without_an_authority)
{
    static const char *const bad[] = {
        "", "hello\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    };
    struct tls_settings *t;

    cr_expect_eq(tls_settings_new("/nowhere/ca.pem", &t), ST_INVALID);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_file(ca_file, NULL, bad[i]);
        cr_expect_eq(tls_settings_new(ca_file, &t), ST_INVALID, "%zu", i);
    }
    write_file(ca_file, authority.certificate, NULL);
    cr_assert_eq(tls_settings_new(ca_file, &t), ST_OK);
    tls_settings_free(t);
    tls_settings_free(NULL);
}

Test(tls, hosts_that_are_none)
{
    static uint8_t text[254];
    struct tls *t;

    memset(text, 'a', sizeof text);
    cr_expect_neq(tls_new(settings, 0, (struct slice){ text, 254 }, &t), ST_OK, "too long");
    cr_expect_neq(tls_new(settings, 0, SLICE_LIT("a\0b"), &t), ST_OK, "a NUL");
    cr_expect_neq(tls_new(settings, 0, SLICE_LIT(""), &t), ST_OK, "nobody's name");
    cr_assert_eq(tls_new(settings, 0, (struct slice){ text, 253 }, &t), ST_OK);
    tls_free(t);
    tls_free(NULL);
}

static enum tls_wants meet(const struct identity *issuer, const char *altname, int from, int until,
                           const char *host)
{
    open_pair(issue(issuer, "server", altname, from, until), TLS1_3_VERSION, host);
    enum tls_wants wants = shake_hands();
    cr_expect_eq(wants == TLS_FAILED, tls_failure(pair.client)[0] != '\0', "a reason for the log");
    close_pair();
    return wants;
}

Test(tls, who_is_refused)
{
    static const struct {
        const char *name, *altname, *host;
        const struct identity *issuer;
        int from, until; /* days from now */
    } rows[] = {
        { "an unknown authority", "DNS:as.example", "as.example", &stranger, -1, 1 },
        { "nobody but itself", "DNS:as.example", "as.example", NULL, -1, 1 },
        { "expired", "DNS:as.example", "as.example", &authority, -2, -1 },
        { "not yet", "DNS:as.example", "as.example", &authority, 1, 2 },
        { "another name", "DNS:as.example", "other.example", &authority, -1, 1 },
        { "the name above it", "DNS:example", "as.example", &authority, -1, 1 },
        { "the common name", "DNS:as.example", "server", &authority, -1, 1 },
        { "another address", "IP:127.0.0.2", "127.0.0.1", &authority, -1, 1 },
        { "an address as a name", "DNS:127.0.0.1", "127.0.0.1", &authority, -1, 1 },
        { "a wildcard over two labels", "DNS:*.example", "a.as.example", &authority, -1, 1 },
        { "part of a wildcard", "DNS:a*.example", "as.example", &authority, -1, 1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(
            meet(rows[i].issuer, rows[i].altname, rows[i].from, rows[i].until, rows[i].host),
            TLS_FAILED, "%s", rows[i].name);
}

Test(tls, who_is_believed)
{
    static const struct {
        const char *altname, *host;
    } rows[] = {
        { "DNS:as.example", "as.example" },     { "DNS:as.example", "AS.example" },
        { "DNS:*.as.example", "a.as.example" }, { "DNS:other,DNS:as.example", "as.example" },
        { "IP:127.0.0.1", "127.0.0.1" },        { "IP:::1", "::1" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(meet(&authority, rows[i].altname, -1, 1, rows[i].host), TLS_READY, "%s",
                     rows[i].host);
}

Test(tls, versions_from_both_sides)
{
    static const struct {
        uint16_t newest;
        enum tls_wants wants;
    } rows[] = {
        { TLS1_VERSION, TLS_FAILED },
        { TLS1_1_VERSION, TLS_FAILED },
        { TLS1_2_VERSION, TLS_READY },
        { TLS1_3_VERSION, TLS_READY },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_pair(issue(&authority, "server", "DNS:as.example", -1, 1), rows[i].newest,
                  "as.example");
        cr_expect_eq(shake_hands(), rows[i].wants, "%x", rows[i].newest);
        close_pair();
    }
}

Test(tls, what_is_no_tls_fails)
{
    static const char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

    open_pair(issue(&authority, "server", "DNS:as.example", -1, 1), TLS1_3_VERSION, "as.example");
    cr_assert_eq(tls_handshake(pair.client), TLS_WANTS_READ);
    cr_assert_eq(write(pair.fds[0], text, sizeof text - 1), (ssize_t)sizeof text - 1);
    cr_expect_eq(tls_handshake(pair.client), TLS_FAILED);
    cr_expect_neq(tls_failure(pair.client)[0], '\0');
    close_pair();
}

Test(tls, a_peer_that_hangs_up_in_the_handshake_fails_it)
{
    open_pair(issue(&authority, "server", "DNS:as.example", -1, 1), TLS1_3_VERSION, "as.example");
    cr_assert_eq(tls_handshake(pair.client), TLS_WANTS_READ);
    shutdown(pair.fds[0], SHUT_WR);
    cr_expect_eq(tls_handshake(pair.client), TLS_FAILED);
    cr_expect_str_eq(tls_failure(pair.client), "the peer closed the connection");
    close_pair();
}

Test(tls, bytes_go_both_ways)
{
    uint8_t text[16];
    size_t n;

    open_ready();
    cr_expect_eq(tls_read(pair.client, text, sizeof text, &n), TLS_WANTS_READ);
    cr_assert_eq(tls_write(pair.client, SLICE_LIT("hello"), &n), TLS_READY);
    cr_expect_eq(n, 5);
    cr_assert_eq(SSL_read(pair.ssl, text, sizeof text), 5);
    cr_expect_arr_eq(text, "hello", 5);
    cr_assert_eq(SSL_write(pair.ssl, "answer", 6), 6);
    cr_assert_eq(tls_read(pair.client, text, sizeof text, &n), TLS_READY);
    cr_expect_eq(n, 6);
    cr_expect_arr_eq(text, "answer", 6);
    close_pair();
}

Test(tls, what_waits_in_the_buffer_is_told)
{
    uint8_t byte;
    size_t n;

    open_ready();
    cr_assert_eq(SSL_write(pair.ssl, "ab", 2), 2);
    cr_expect_not(tls_has_pending(pair.client), "still on the socket");
    cr_assert_eq(tls_read(pair.client, &byte, 1, &n), TLS_READY);
    cr_expect(tls_has_pending(pair.client));
    cr_assert_eq(tls_read(pair.client, &byte, 1, &n), TLS_READY);
    cr_expect_eq(byte, 'b');
    cr_expect_not(tls_has_pending(pair.client));
    close_pair();
}

Test(tls, a_peer_that_reads_nothing_makes_us_wait)
{
    static uint8_t much[65536];
    enum tls_wants wants = TLS_READY;
    size_t n;

    open_ready();
    for (int i = 0; i < 1000 && wants == TLS_READY; i++)
        wants = tls_write(pair.client, (struct slice){ much, sizeof much }, &n);
    cr_expect_eq(wants, TLS_WANTS_WRITE);
    close_pair();
}

/* Anybody on the way can cut a connection; only the peer can say that it ends (RFC 8446 §6.1). */
Test(tls, an_end_that_is_cut_is_not_one_that_is_said)
{
    uint8_t byte;
    size_t n;

    open_ready();
    shutdown(pair.fds[0], SHUT_WR);
    cr_expect_eq(tls_read(pair.client, &byte, 1, &n), TLS_FAILED);
    close_pair();
    open_ready();
    SSL_shutdown(pair.ssl);
    cr_expect_eq(tls_read(pair.client, &byte, 1, &n), TLS_CLOSED);
    close_pair();
}
