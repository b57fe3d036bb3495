#include "secret_pool.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

enum { MANY = 3000, SMALL = 80, TURNS = 200 };

static bool is_all(const uint8_t *bytes, size_t len, uint8_t value)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

Test(secret_pool, no_room_past_the_limit)
{
    void *room = secret_pool_take(SECRET_ROOM_MAX);

    cr_assert_null(secret_pool_take(SECRET_ROOM_MAX + 1));
    cr_assert_not_null(room);
    memset(room, 1, SECRET_ROOM_MAX);
    secret_pool_give(room);
}

Test(secret_pool, many_rooms_keep_what_is_theirs)
{
    static uint8_t *rooms[MANY];

    for (size_t i = 0; i < MANY; i++) {
        rooms[i] = secret_pool_take(SMALL);
        cr_assert(rooms[i] && is_all(rooms[i], SMALL, 0));
        memset(rooms[i], (int)(i % 251), SMALL);
    }
    for (size_t i = 0; i < MANY; i++)
        cr_assert(is_all(rooms[i], SMALL, (uint8_t)(i % 251)), "room %zu", i);
    for (size_t i = 0; i < MANY; i++)
        secret_pool_give(rooms[i * 7 % MANY]);
}

Test(secret_pool, what_was_given_back_is_wiped)
{
    uint8_t *kept = secret_pool_take(SMALL), *room = secret_pool_take(SMALL);

    memset(room, 0xee, SMALL);
    secret_pool_give(room);
    cr_assert(is_all(room, SMALL, 0), "while its page lives on");
    uint8_t *again = secret_pool_take(SMALL);
    cr_assert_eq(again, room);
    cr_assert(is_all(again, SMALL, 0));
    secret_pool_give(again);
    secret_pool_give(kept);
}

Test(secret_pool, who_writes_past_the_end_is_stopped, .signal = SIGABRT)
{
    uint8_t *room = secret_pool_take(SECRET_ROOM_MAX);

    room[SECRET_ROOM_MAX] ^= 1;
    secret_pool_give(room);
}

static void *take_and_give(void *arg)
{
    uint8_t *rooms[50];
    uint8_t mark = *(const uint8_t *)arg;

    for (size_t turn = 0; turn < TURNS; turn++) {
        for (size_t i = 0; i < 50; i++) {
            rooms[i] = secret_pool_take(SMALL);
            memset(rooms[i], mark, SMALL);
        }
        for (size_t i = 0; i < 50; i++) {
            if (!is_all(rooms[i], SMALL, mark))
                return arg;
            secret_pool_give(rooms[i]);
        }
    }
    return NULL;
}

Test(secret_pool, threads_share_it)
{
    pthread_t threads[4];
    uint8_t marks[4] = { 1, 2, 3, 4 };

    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, take_and_give, &marks[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        void *bad;
        pthread_join(threads[i], &bad);
        cr_assert_null(bad);
    }
}
