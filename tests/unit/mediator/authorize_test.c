#include "authorize.h"

#include <criterion/criterion.h>

static void expect(const char *endpoint, const struct pushed *p, const char *uri, const char *want)
{
    char text[1024];
    struct writer w = writer_over(text, sizeof text);

    authorize_location(slice_of(endpoint), p, slice_of(uri), &w);
    cr_expect(!w.full);
    cr_expect(slice_is(writer_slice(&w), want), "%.*s", (int)w.len, text);
}

Test(authorize, a_request_kept_here_becomes_the_query)
{
    struct pushed p = { .client_id = SLICE_LIT("app"),
                        .query = SLICE_LIT("client_id=app&state=a%23b") };

    expect("https://as.example/auth", &p, "urn:x",
           "https://as.example/auth?client_id=app&state=a%23b");
    expect("https://as.example/auth?tenant=1", &p, "urn:x",
           "https://as.example/auth?tenant=1&client_id=app&state=a%23b");
}

Test(authorize, a_request_at_upstream_is_named)
{
    struct pushed p = { .at_upstream = true, .client_id = SLICE_LIT("app") };

    expect("https://as.example/auth", &p, "urn:ietf:params:x&y=z#",
           "https://as.example/auth?client_id=app&request_uri=urn%3Aietf%3Aparams%3Ax%26y%3Dz%23");
    expect("https://as.example/auth?t=1", &p, "urn:x",
           "https://as.example/auth?t=1&client_id=app&request_uri=urn%3Ax");
}

Test(authorize, what_does_not_fit_is_not_cut)
{
    struct pushed p = { .client_id = SLICE_LIT("app"), .query = SLICE_LIT("client_id=app") };
    char text[32];
    struct writer w = writer_over(text, sizeof text);

    authorize_location(SLICE_LIT("https://as.example/auth"), &p, SLICE_LIT("urn:x"), &w);
    cr_expect(w.full);
}
