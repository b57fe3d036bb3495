#include "client_auth.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A client whose secret is `secret`, and the two places to put it. */
struct bench {
    char folder[64];
    struct client client;
    char form_bytes[CLIENT_AUTH_FORM_MAX], header_bytes[CLIENT_AUTH_HEADER_MAX];
    struct writer form, header;
};

static void open_bench(struct bench *b, const char *id, struct slice secret)
{
    char kid[KEYRING_KID_LEN + 1], keys[96], why[256] = "";

    memset(b, 0, sizeof *b);
    strcpy(b->folder, "/tmp/vouchsafe-auth-XXXXXX");
    cr_assert_not_null(mkdtemp(b->folder));
    snprintf(keys, sizeof keys, "%s/keys", b->folder);
    cr_assert_eq(keyring_rotate(keys, secret, 0, 0, kid, why, sizeof why), ST_OK, "%s", why);
    cr_assert_eq(keyring_read(keys, &b->client.keyring, why, sizeof why), ST_OK, "%s", why);
    b->client.id = (char *)id;
    b->form = writer_over(b->form_bytes, sizeof b->form_bytes);
    b->header = writer_over(b->header_bytes, sizeof b->header_bytes);
}

static void close_bench(struct bench *b)
{
    char command[128];

    keyring_free(b->client.keyring);
    snprintf(command, sizeof command, "rm -rf %s", b->folder);
    cr_expect_eq(system(command), 0);
}

static void apply(struct bench *b, const char *method)
{
    const struct client_auth_method *m = client_auth_find(method);

    cr_assert_not_null(m, "%s", method);
    m->apply(&b->client, &b->form, &b->header);
    cr_expect(!b->form.full && !b->header.full);
}

Test(client_auth, methods_that_there_are_not)
{
    cr_expect_null(client_auth_find(""));
    cr_expect_null(client_auth_find("basic"));
    cr_expect_null(client_auth_find("client_secret_basic "));
}

/* base64 of the form-encoded id, a colon, and the form-encoded secret (RFC 6749 §2.3.1). */
static const struct {
    const char *id, *secret, *basic, *post;
} vectors[] = {
    { "app", "0123456789abcdef0123456789abcdef",
      "Basic YXBwOjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm",
      "client_secret=0123456789abcdef0123456789abcdef" },
    { "a.b-c_d~e", "+/=&?%: 0123456789abcdef0123456789",
      "Basic YS5iLWNfZH5lOiUyQiUyRiUzRCUyNiUzRiUyNSUzQSUyMDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5",
      "client_secret=%2B%2F%3D%26%3F%25%3A%200123456789abcdef0123456789" },
    { "app", "\303\244\303\266\303\274 0123456789abcdef0123456789",
      "Basic YXBwOiVDMyVBNCVDMyVCNiVDMyVCQyUyMDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5",
      "client_secret=%C3%A4%C3%B6%C3%BC%200123456789abcdef0123456789" },
};

Test(client_auth, basic)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct bench b;
        open_bench(&b, vectors[i].id, slice_of(vectors[i].secret));
        apply(&b, "client_secret_basic");
        cr_expect(slice_is(writer_slice(&b.header), vectors[i].basic), "%.*s", (int)b.header.len,
                  b.header_bytes);
        cr_expect_eq(b.form.len, 0);
        close_bench(&b);
    }
}

Test(client_auth, post)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct bench b;
        open_bench(&b, vectors[i].id, slice_of(vectors[i].secret));
        apply(&b, "client_secret_post");
        cr_expect(slice_is(writer_slice(&b.form), vectors[i].post), "%.*s", (int)b.form.len,
                  b.form_bytes);
        cr_expect_eq(b.header.len, 0);
        close_bench(&b);
    }
}

Test(client_auth, none)
{
    struct bench b;

    open_bench(&b, "app", slice_of(vectors[0].secret));
    apply(&b, "none");
    cr_expect_eq(b.form.len + b.header.len, 0);
    close_bench(&b);
}

/* The longest id, and the longest secret with every byte escaped. */
Test(client_auth, the_longest_credentials_fit)
{
    static const char *const methods[] = { "client_secret_basic", "client_secret_post" };
    static uint8_t secret[SECRET_LEN_MAX];
    char id[128 + 1] = "";

    memset(secret, '%', sizeof secret);
    memset(id, 'i', 128);
    for (size_t i = 0; i < 2; i++) {
        struct bench b;
        open_bench(&b, id, (struct slice){ secret, sizeof secret });
        apply(&b, methods[i]);
        cr_expect_gt(b.form.len + b.header.len, 3 * sizeof secret);
        close_bench(&b);
    }
}

Test(client_auth, what_does_not_fit_is_not_cut)
{
    struct bench b;

    open_bench(&b, "app", slice_of(vectors[0].secret));
    b.header.cap = 20;
    client_auth_find("client_secret_basic")->apply(&b.client, &b.form, &b.header);
    cr_expect(b.header.full);
    close_bench(&b);
}
