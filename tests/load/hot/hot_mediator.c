/* hot-mediator: a client's form, as upstream gets it. */
#include "hot.h"
#include "rewrite.h"

static const char text[] =
    "grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA&client_id=my-app"
    "&redirect_uri=https%3A%2F%2Fclient.example.com%2Fcb&client_secret=none%20of%20ours"
    "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&scope=notes+profile";

static void prepare_nothing(void)
{
}

static void rewrite(void)
{
    static struct form form;
    static uint8_t scratch[sizeof text], out[2 * sizeof text];
    struct writer w = writer_over(out, sizeof out);

    hot_must(!form_parse(slice_of(text), scratch, sizeof scratch, &form) && !rewrite_admit(&form),
             "the form");
    rewrite_form(&form, &w);
    hot_must(!w.full && w.len > 0 && w.len < sizeof text - 1, "rewriting");
}

int main(void)
{
    static const struct hot_path paths[] = { { "form, rewritten", prepare_nothing, rewrite } };

    return hot_run(paths, sizeof paths / sizeof paths[0]);
}
