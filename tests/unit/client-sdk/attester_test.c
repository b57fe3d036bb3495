/* attester.c with its kinds, attester_*.c. */
#include "attester.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "report.h"

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

static enum status answer(struct evidence *out)
{
    static uint8_t reports[REPORT_MAX + 1];
    struct writer w = writer_over(reports, sizeof reports);

    return attester_answer(&probe, challenge, &jkt, &w, out);
}

static bool answers_right(void)
{
    struct digest right = expected();
    struct evidence got;

    cr_assert_eq(answer(&got), ST_OK);
    cr_assert(got.id == probe.id && got.report.len == 0);
    return memcmp(got.digest.bytes, right.bytes, sizeof right.bytes) == 0;
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
    struct evidence out;

    ask(PROBE_MEMORY, (uint32_t)elf_image_blocks(&image), 1);
    cr_assert_eq(answer(&out), ST_NOT_FOUND);
    ask(PROBE_MEMORY, UINT32_MAX, 1);
    cr_assert_eq(answer(&out), ST_NOT_FOUND);
    ask(PROBE_FILE, UINT32_MAX, 1);
    cr_assert_eq(answer(&out), ST_NOT_FOUND);
    ask(PROBE_FILE, 0, 1);
    probe.module.bytes[0] ^= 1;
    cr_assert_eq(answer(&out), ST_NOT_FOUND);
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

/* The report of a kind; its digest is that of its bytes. */
static struct slice report_of(enum probe_kind kind)
{
    struct crypto_hmac h;
    struct evidence got;

    probe.kind = kind;
    cr_assert_eq(answer(&got), ST_OK);
    cr_assert_gt(got.report.len, 0);
    probe_digest_init(&h, challenge, probe.id, kind, &jkt);
    crypto_hmac_update(&h, got.report);
    struct digest right = crypto_hmac_final(&h);
    cr_assert_arr_eq(got.digest.bytes, right.bytes, sizeof right.bytes);
    return got.report;
}

/* The first mapping whose path contains that text. */
static bool find_mapping(const char *path, struct report_mapping *out)
{
    struct slice report = report_of(PROBE_MAPS);

    while (!report_mapping_next(&report, out))
        if (memmem(out->path.data, out->path.len, path, strlen(path)))
            return true;
    cr_assert_eq(report.len, 0, "all of it can be read");
    return false;
}

/* Writes to the second page of code, which is writable for that moment. */
static void rewrite_code(uint8_t *code, uint8_t byte)
{
    cr_assert_eq(mprotect(code, 8192, PROT_READ | PROT_WRITE), 0);
    *(volatile uint8_t *)(code + 5000) = byte;
    cr_assert_eq(mprotect(code, 8192, PROT_READ | PROT_EXEC), 0);
}

static bool is_altered(const char *path)
{
    struct report_mapping m;

    cr_assert(find_mapping(path, &m), "%s", path);
    return m.altered;
}

/* A file of a page and a half, mapped as a library's code is. */
static uint8_t *map_code(char *path)
{
    static const uint8_t bytes[6000] = { 0xc3 };
    int fd = mkstemp(path);

    cr_assert(fd >= 0 && write(fd, bytes, sizeof bytes) == sizeof bytes);
    uint8_t *code = mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    cr_assert_neq((void *)code, MAP_FAILED);
    close(fd);
    return code;
}

Test(attester, maps_tell_code_that_differs_from_its_file_until_it_is_put_back)
{
    char path[] = "/tmp/vouchsafe-code-XXXXXX";
    uint8_t *code = map_code(path);

    cr_assert_not(is_altered(path));
    rewrite_code(code, 1);
    cr_assert(is_altered(path));
    rewrite_code(code, 0);
    cr_assert_not(is_altered(path), "as after a debugger that has gone");
    unlink(path);
    cr_assert(is_altered(path), "nothing to compare the page with");
    munmap(code, 8192);
}

/* As a library is that was upgraded meanwhile. */
Test(attester, maps_tell_code_of_a_file_that_has_gone_and_was_not_written_to)
{
    char path[] = "/tmp/vouchsafe-code-XXXXXX";
    uint8_t *code = map_code(path);
    volatile uint8_t touched = code[5000];

    (void)touched;
    unlink(path);
    cr_assert_not(is_altered(path));
    munmap(code, 8192);
}

Test(attester, maps_tell_whose_code_the_executable_is)
{
    struct report_mapping m;

    cr_assert(find_mapping("unit.client-sdk.attester", &m));
    cr_assert(build_id_equal(&m.build_id, &image.build_id));
    cr_assert(m.readable && !m.writable && !m.shared && m.bytes > 0);
}

static __attribute__((noinline, used)) void some_code(void)
{
    __asm__ volatile("");
}

Test(attester, maps_tell_code_of_no_file)
{
    struct report_mapping m;

    cr_assert_not(find_mapping("[anonymous]", &m));
    void *code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(find_mapping("[anonymous]", &m));
    cr_assert(m.writable && m.bytes == 4096 && m.build_id.len == 0);
    cr_assert_eq(munmap(code, 4096), 0);
    cr_assert_not(find_mapping("[anonymous]", &m));
}

static struct slice fact_of(enum probe_kind kind, const char *name)
{
    struct slice report = report_of(kind);
    struct report_fact fact;

    while (!report_fact_next(&report, &fact))
        if (slice_is(fact.name, name))
            return fact.value;
    cr_assert_fail("%s is not said", name);
    return (struct slice){ NULL, 0 };
}

static int tell[2], hold[2];

static void *sleep_as_thread(void *id)
{
    *(long *)id = syscall(SYS_gettid);
    cr_assert_eq(write(tell[1], "x", 1), 1);
    char c;
    cr_assert_eq(read(hold[0], &c, 1), 1);
    return NULL;
}

/* A child that traces the thread until it is told to leave; false if tracing is not allowed here.
 */
static bool trace(long thread, pid_t *tracer)
{
    char c = 0;

    *tracer = fork();
    if (*tracer == 0) {
        bool traced = ptrace(PTRACE_SEIZE, thread, NULL, NULL) == 0;
        (void)!write(tell[1], traced ? "y" : "n", 1);
        pause();
        _exit(0);
    }
    cr_assert_eq(read(tell[0], &c, 1), 1);
    return c == 'y';
}

Test(attester, a_debugger_of_any_thread_is_told)
{
    pthread_t thread;
    pid_t tracer;
    long id;
    char c;

    cr_assert(pipe(tell) == 0 && pipe(hold) == 0);
    cr_assert(slice_is(fact_of(PROBE_DEBUGGER, "tracer"), "0"));
    cr_assert_eq(pthread_create(&thread, NULL, sleep_as_thread, &id), 0);
    cr_assert_eq(read(tell[0], &c, 1), 1);
    cr_assert(slice_is(fact_of(PROBE_DEBUGGER, "tracer"), "0"));
    cr_assert_eq(fact_of(PROBE_DEBUGGER, "dumpable").len, 1);
    bool traced = trace(id, &tracer);
    if (traced)
        cr_assert_not(slice_is(fact_of(PROBE_DEBUGGER, "tracer"), "0"));
    kill(tracer, SIGKILL);
    waitpid(tracer, NULL, 0);
    cr_assert_eq(write(hold[1], "x", 1), 1);
    pthread_join(thread, NULL);
    cr_assert(slice_is(fact_of(PROBE_DEBUGGER, "tracer"), "0"));
    if (!traced)
        cr_skip("tracing is not allowed here");
}

/* Of a process that was started with them: this one's own environment is long since set. */
Test(attester, preload_tells_each_variable_and_the_file)
{
    for (size_t i = 0; REPORT_PRELOAD_NAMES[i]; i++)
        if (strcmp(REPORT_PRELOAD_NAMES[i], "LD_LIBRARY_PATH") != 0)
            cr_assert_eq(fact_of(PROBE_PRELOAD, REPORT_PRELOAD_NAMES[i]).len, 0);
    setenv("LD_PRELOAD", "/set/afterwards.so", 1);
    cr_assert_eq(fact_of(PROBE_PRELOAD, "LD_PRELOAD").len, 0, "the loader never saw it");
}

Test(attester, imports_that_are_no_slots_of_the_module_are_an_error)
{
    struct evidence out;

    ask(PROBE_IMPORTS, UINT32_MAX - 7, 1);
    cr_assert_eq(answer(&out), ST_NOT_FOUND);
    ask(PROBE_IMPORTS, 0xfff1, 1);
    cr_assert_eq(answer(&out), ST_NOT_FOUND, "unaligned");
    ask(PROBE_IMPORTS, 0, 1);
    probe.module.bytes[3] ^= 1;
    cr_assert_eq(answer(&out), ST_NOT_FOUND);
}

/* Words of data that lead to known places, asked as if they were slots. */
static void *const pointers[] = { (void *)some_code, NULL, (void *)&probe };

Test(attester, imports_tell_where_a_slot_leads_to)
{
    struct self_module self;
    struct report_import module, slot;

    cr_assert_eq(self_executable(&self), ST_OK);
    probe.block_count = 3;
    for (uint32_t i = 0; i < 3; i++)
        probe.blocks[i] = (uint32_t)((uintptr_t)&pointers[i] - self.bias);
    struct slice report = report_of(PROBE_IMPORTS);
    cr_assert_eq(report_import_next(&report, &module), ST_OK);
    cr_assert(module.what == REPORT_MODULE && build_id_equal(&module.build_id, &image.build_id));
    struct slice rest = report;
    cr_assert_eq(report_import_next(&rest, &slot), ST_OK);
    if (slot.what == REPORT_MODULE) /* memory of no file: the loader says whose it is */
        report = rest;
    cr_assert_eq(report_import_next(&report, &slot), ST_OK);
    cr_assert(slot.what == REPORT_SLOT && slot.slot == probe.blocks[0] && slot.module == 0 &&
              slot.offset == (uintptr_t)some_code - self.bias);
    cr_assert_eq(report_import_next(&report, &slot), ST_OK);
    cr_assert(slot.what == REPORT_EMPTY_SLOT && slot.slot == probe.blocks[1]);
    cr_assert_eq(report_import_next(&report, &slot), ST_OK);
    cr_assert(slot.what == REPORT_SLOT && slot.offset == (uintptr_t)&probe - self.bias);
    cr_assert_eq(report_import_next(&report, &slot), ST_NOT_FOUND);
}

Test(attester, a_report_that_does_not_fit_is_an_error)
{
    uint8_t small[64];
    struct writer w = writer_over(small, sizeof small);
    struct evidence out;

    probe.kind = PROBE_MAPS;
    cr_assert_eq(attester_answer(&probe, challenge, &jkt, &w, &out), ST_TOO_LARGE);
}
