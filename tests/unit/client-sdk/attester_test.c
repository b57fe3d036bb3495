/* attester.c with its kinds, attester_memory.c and attester_file.c. */
#include "attester.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file.h"

static const uint8_t challenge[CHALLENGE_LEN] = { 1 };
static const struct digest jkt = { { 2 } };
static struct probe probe;
static struct slice file;
static struct elf_image image;

/* Something to change: lies in a read-only segment. */
static const char watched[] = "a text that an attacker would like to change";

static void setup(void)
{
    const char *why;

    file = file_read("/proc/self/exe");
    cr_assert_eq(elf_image_read(file, &image, &why), ST_OK);
    probe = (struct probe){ .id = 3, .module = image.build_id };
}

TestSuite(attester, .init = setup);

/* The digest that a server computes from the file. */
static struct digest expected(void)
{
    struct crypto_hmac h;

    probe_digest_init(&h, challenge, probe.id, probe.kind, &jkt);
    for (uint32_t i = 0; i < probe.block_count; i++) {
        uint32_t segment;
        uint64_t offset;
        size_t len;
        if (probe.kind == PROBE_FILE) {
            offset = (uint64_t)probe.blocks[i] * PROBE_BLOCK_LEN;
            len = file.len - offset < PROBE_BLOCK_LEN ? file.len - offset : PROBE_BLOCK_LEN;
        } else {
            cr_assert_eq(elf_image_block(&image, probe.blocks[i], &segment, &offset, &len), ST_OK);
            offset += image.segments[segment].file_offset;
        }
        crypto_hmac_update(&h, (struct slice){ file.data + offset, len });
    }
    return crypto_hmac_final(&h);
}

static bool answers_right(void)
{
    struct digest got, right = expected();

    cr_assert_eq(attester_answer(&probe, challenge, &jkt, &got), ST_OK);
    return memcmp(got.bytes, right.bytes, sizeof got.bytes) == 0;
}

static void ask(enum probe_kind kind, uint32_t first, uint32_t count)
{
    probe.kind = kind;
    probe.block_count = count;
    for (uint32_t i = 0; i < count; i++)
        probe.blocks[i] = first + i;
}

Test(attester, every_block_is_answered_as_the_file_has_it)
{
    uint32_t memory = (uint32_t)elf_image_blocks(&image);
    uint32_t blocks = (uint32_t)((file.len + PROBE_BLOCK_LEN - 1) / PROBE_BLOCK_LEN);

    for (uint32_t n = 0; n < memory; n++) {
        ask(PROBE_MEMORY, n, 1);
        cr_assert(answers_right(), "memory block %u", n);
    }
    for (uint32_t n = 0; n < blocks; n++) {
        ask(PROBE_FILE, n, 1);
        cr_assert(answers_right(), "file block %u", n);
    }
    ask(PROBE_FILE, blocks - 2, 2);
    cr_assert(answers_right(), "several, with the short last one");
}

Test(attester, what_is_not_there_is_an_error_and_no_crash)
{
    struct digest out;

    ask(PROBE_MEMORY, (uint32_t)elf_image_blocks(&image), 1);
    cr_assert_eq(attester_answer(&probe, challenge, &jkt, &out), ST_NOT_FOUND);
    ask(PROBE_MEMORY, UINT32_MAX, 1);
    cr_assert_eq(attester_answer(&probe, challenge, &jkt, &out), ST_NOT_FOUND);
    ask(PROBE_FILE, UINT32_MAX, 1);
    cr_assert_eq(attester_answer(&probe, challenge, &jkt, &out), ST_NOT_FOUND);
    ask(PROBE_FILE, 0, 1);
    probe.module.bytes[0] ^= 1;
    cr_assert_eq(attester_answer(&probe, challenge, &jkt, &out), ST_NOT_FOUND);
}

/* The number of the memory block in which an address lies. */
static uint32_t block_of(const void *address)
{
    struct self_module self;
    uint32_t block = 0;

    cr_assert_eq(self_executable(&self), ST_OK);
    for (uint32_t i = 0; i < self.segment_count; i++) {
        const uint8_t *start = self.segments[i].start, *at = address;
        if (at >= start && at < start + self.segments[i].len)
            return block + (uint32_t)((size_t)(at - start) / PROBE_BLOCK_LEN);
        block += (uint32_t)((self.segments[i].len + PROBE_BLOCK_LEN - 1) / PROBE_BLOCK_LEN);
    }
    cr_assert_fail("not in a read-only segment");
    return 0;
}

static void poke(const char *at, char byte)
{
    long page = sysconf(_SC_PAGESIZE);
    void *start = (void *)((uintptr_t)at & ~(uintptr_t)(page - 1));

    cr_assert_eq(mprotect(start, (size_t)page, PROT_READ | PROT_WRITE), 0);
    *(volatile char *)(uintptr_t)at = byte;
    cr_assert_eq(mprotect(start, (size_t)page, PROT_READ), 0);
}

Test(attester, a_byte_changed_in_memory_is_seen_by_the_memory_probe_alone)
{
    const char *victim = watched + 7;
    char before = *victim;
    uint32_t block = block_of(victim);

    ask(PROBE_MEMORY, block, 1);
    cr_assert(answers_right());
    poke(victim, 'X');
    cr_assert_not(answers_right());
    ask(PROBE_FILE, 0, 1);
    cr_assert(answers_right(), "the file is as it was");
    ask(PROBE_MEMORY, block, 1);
    poke(victim, before);
    cr_assert(answers_right());
}
