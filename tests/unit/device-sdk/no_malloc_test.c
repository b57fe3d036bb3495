/* Complete sessions while every allocation fails: the program's by replacing malloc itself, and
 * BoringSSL's, which a shared library makes, through its hooks. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "device_site.h"
#include "vouchsafe/device_arena.h"

/* The C library's own, behind the replaced ones. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *ptr, size_t size);

/* Volatile: compilers believe that malloc looks at nothing of ours. */
static volatile bool forbidden;
static volatile unsigned attempts;

static bool may(void)
{
    attempts += forbidden;
    if (forbidden)
        errno = ENOMEM;
    return !forbidden;
}

void *malloc(size_t size)
{
    return may() ? __libc_malloc(size) : NULL;
}

void *calloc(size_t n, size_t size)
{
    return may() ? __libc_calloc(n, size) : NULL;
}

void *realloc(void *ptr, size_t size)
{
    return may() ? __libc_realloc(ptr, size) : NULL;
}

static struct site site;
static struct program program;
static struct peer app;
static uint8_t arena[VOUCHSAFE_DEVICE_ARENA_LEN];

/* A command through a session that the peer has opened; the peer allocates nothing either. */
static int unlock(void)
{
    enum vouchsafe_device_status st;

    return app_ask(&app, 0, "door:unlock", &program, &st);
}

static void forbid(void)
{
    attempts = 0;
    forbidden = true;
}

Test(no_malloc, the_replaced_malloc_does_fail)
{
    forbid();
    void *volatile found = malloc(16);
    forbidden = false;
    cr_assert_null(found);
    cr_assert_eq(attempts, 1);
    found = malloc(16);
    cr_assert_not_null(found);
    free(found);
}

Test(no_malloc, grants_over_the_link_and_a_session)
{
    int answer;

    vouchsafe_device_arena(arena, sizeof arena);
    forbid();
    site_begin(&site);
    struct grant grant = site_grant(1, true);
    enum vouchsafe_device_status pushed = site_push(&site, &grant);
    enum vouchsafe_device_status opened = site_grant_open(&site, &grant, &app, &program);
    answer = unlock();
    vouchsafe_device_session_end(&program.session);
    vouchsafe_device_end(site.device);
    forbidden = false;
    cr_assert_eq(pushed, VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(opened, VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(answer, ANSWER_DONE);
    cr_assert_eq(attempts, 0);
}

/* The mediator's part, which does allocate, is over when the device starts. */
static void check_token(enum key_type signer, enum dh_curve curve)
{
    site_begin_with(&site, signer, curve);
    struct site_wish wish = site_wish(&site);
    struct site_token t = site_mint(&wish);

    forbid();
    site_start(&site);
    enum vouchsafe_device_status opened = site_token_open(&site, &t, &app, &program);
    int answer = unlock();
    forbidden = false;
    cr_assert_eq(opened, VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(answer, ANSWER_DONE);
    cr_assert_eq(attempts, 0);
}

Test(no_malloc, tokens_of_ed25519_and_x25519)
{
    vouchsafe_device_arena(arena, sizeof arena);
    check_token(KEY_ED25519, DH_X25519);
}

Test(no_malloc, tokens_of_p256_from_the_arena)
{
    vouchsafe_device_arena(arena, sizeof arena);
    check_token(KEY_P256, DH_P256);
    cr_log_info("the arena's peak: %zu bytes", vouchsafe_device_arena_peak());
    cr_assert_leq(vouchsafe_device_arena_peak(), VOUCHSAFE_DEVICE_ARENA_LEN / 2);
    cr_assert_gt(vouchsafe_device_arena_peak(), 0, "it is the arena that BoringSSL takes from");
}

Test(no_malloc, without_room_in_the_arena_p256_is_refused)
{
    vouchsafe_device_arena(arena, sizeof arena);
    site_begin_with(&site, KEY_P256, DH_P256);
    struct site_wish wish = site_wish(&site);
    struct site_token t = site_mint(&wish);

    vouchsafe_device_arena(arena, 0);
    forbid();
    enum vouchsafe_device_status opened = site_token_open(&site, &t, &app, &program);
    forbidden = false;
    cr_assert_neq(opened, VOUCHSAFE_DEVICE_OK);
}
