/*
 * Block: images, nodes, locks between programs, requests of each kind through
 * threads and io_uring, and refusals.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/stat.h>
#include <sys/wait.h>
#include "block/block-int.h"
#include "util/main-loop.h"
#include "util/options.h"

#define SIZE (1 << 20)

static char *path;

static void fresh_image(void)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, SIZE), ==, 0);
    close(fd);
}

static json_t *drive_opts(const char *rest)
{
    g_autofree char *text = g_strdup_printf("file=%s,format=raw,if=none,%s", path, rest);

    return options_parse(text, NULL, NULL, &error_abort);
}

static BlockBackend *drive(const char *rest)
{
    return drive_new(drive_opts(rest), "none", &error_abort);
}

static void refused(const char *rest, const char *why)
{
    Error *err = NULL;

    g_assert_null(drive_new(drive_opts(rest), "none", &err));
    if (!strstr(error_get_pretty(err), why)) {
        g_test_message("%s: %s", rest, error_get_pretty(err));
        g_test_fail();
    }
    error_free(err);
}

static json_t *json(const char *fmt, ...)
{
    va_list ap;
    g_autofree char *text = NULL;
    json_t *v;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    v = json_loads(text, 0, NULL);
    g_assert_nonnull(v);
    return v;
}

static Object *device(void)
{
    return object_new("test-block-user");
}

static bool attach(BlockBackend *blk, Object *dev, bool share, Error **errp)
{
    return blk_attach_dev(blk, dev, errp) && blk_use(blk, share, errp);
}

static const TypeInfo user_info = { .name = "test-block-user", .instance_size = sizeof(Object) };
DEFINE_TYPE(user_info)

/* --- Requests ---------------------------------------------------------------------- */

typedef struct Wait { int ret; bool done; } Wait;

static void on_done(void *opaque, int ret)
{
    *(Wait *)opaque = (Wait) { ret, true };
}

#define AWAIT(call) ({ \
    Wait w = { 0 }; \
    call; \
    while (!w.done) { main_loop_wait(false); } \
    w.ret; \
})

static int aio_write(BlockBackend *blk, uint64_t offset, void *buf, size_t n)
{
    struct iovec iov[2] = { { buf, n / 2 }, { (uint8_t *)buf + n / 2, n - n / 2 } };

    return AWAIT(blk_aio_pwritev(blk, offset, iov, 2, on_done, &w));
}

static int aio_read(BlockBackend *blk, uint64_t offset, void *buf, size_t n)
{
    struct iovec iov = { buf, n };

    return AWAIT(blk_aio_preadv(blk, offset, &iov, 1, on_done, &w));
}

static void exercise(const char *opts)
{
    g_autofree uint8_t *out = g_malloc(65536), *in = g_malloc0(65536);
    BlockBackend *blk;
    Object *dev = device();

    fresh_image();
    blk = drive(opts);
    g_assert_true(attach(blk, dev, false, &error_abort));
    g_assert_cmpint(blk_getlength(blk), ==, SIZE);
    for (int i = 0; i < 65536; i++) {
        out[i] = i * 7 + (i >> 8);
    }
    g_assert_cmpint(aio_write(blk, 4096, out, 65536), ==, 0);
    g_assert_cmpint(aio_read(blk, 4096, in, 65536), ==, 0);
    g_assert_cmpmem(in, 65536, out, 65536);
    g_assert_cmpint(aio_write(blk, 1, out, 511), ==, 0);            /* odd: also with O_DIRECT */
    g_assert_cmpint(blk_pread(blk, 1, 511, in), ==, 0);
    g_assert_cmpmem(in, 511, out, 511);
    g_assert_cmpint(AWAIT(blk_aio_flush(blk, on_done, &w)), ==, 0);
    g_assert_cmpint(AWAIT(blk_aio_pwrite_zeroes(blk, 8192, 4096, true, on_done, &w)), ==, 0);
    g_assert_cmpint(blk_pread(blk, 8192, 4096, in), ==, 0);
    for (int i = 0; i < 4096; i++) {
        g_assert_cmpuint(in[i], ==, 0);
    }
    g_assert_cmpint(AWAIT(blk_aio_pdiscard(blk, 16384, 8192, on_done, &w)), ==, 0);
    /* Outside, and empty. */
    g_assert_cmpint(aio_read(blk, SIZE - 10, in, 20), ==, -EIO);
    g_assert_cmpint(aio_read(blk, UINT64_MAX - 10, in, 20), ==, -EIO);
    g_assert_cmpint(aio_write(blk, SIZE, out, 1), ==, -EIO);
    g_assert_cmpint(AWAIT(blk_aio_preadv(blk, 0, NULL, 0, on_done, &w)), ==, 0);
    /* Truncated under us. */
    g_assert_cmpint(truncate(path, 8192), ==, 0);
    g_assert_cmpint(aio_read(blk, 4096, in, 8192), ==, -EIO);
    g_assert_cmpint(aio_read(blk, 65536, in, 512), ==, -EIO);
    blk_detach_dev(blk, dev);
    object_unref(dev);
    blk_cleanup();
}

static blkcnt_t blocks_of_image(void)
{
    struct stat st;

    g_assert_cmpint(stat(path, &st), ==, 0);
    return st.st_blocks;
}

/* Zeroes written over data: how many blocks the image has afterwards. */
static blkcnt_t blocks_after_zeroes(const char *opts)
{
    g_autofree uint8_t *data = g_malloc0(65536), *in = g_malloc(65536);
    BlockBackend *blk;
    blkcnt_t before;

    fresh_image();
    blk = drive(opts);
    memset(data, 0x11, 65536);
    g_assert_cmpint(aio_write(blk, 0, data, 65536), ==, 0);
    memset(data, 0, 65535);
    g_assert_cmpint(aio_write(blk, 65536, data, 65536), ==, 0);         /* but for one byte */
    g_assert_cmpint(blk_flush(blk), ==, 0);
    before = blocks_of_image();
    data[65535] = 0;
    g_assert_cmpint(aio_write(blk, 0, data, 65536), ==, 0);
    g_assert_cmpint(blk_pwrite(blk, 65536, 4096, data), ==, 0);
    g_assert_cmpint(aio_read(blk, 0, in, 65536), ==, 0);
    g_assert_cmpmem(in, 65536, data, 65536);
    g_assert_cmpint(aio_read(blk, 65536, in, 65536), ==, 0);
    g_assert_cmpuint(in[0], ==, 0);
    g_assert_cmpuint(in[65535], ==, 0x11);
    blk_cleanup();
    return before - blocks_of_image();
}

static void test_detect_zeroes(void)
{
    static const char *const how[] = { "aio=threads", "aio=threads,cache=writethrough", "cache=none", "offset=4096" };

    for (size_t i = 0; i < ARRAY_SIZE(how); i++) {
        g_autofree char *off = g_strdup_printf("%s,discard=unmap", how[i]), *on = g_strdup_printf("%s,detect-zeroes=on", off);
        g_autofree char *unmap = g_strdup_printf("%s,detect-zeroes=unmap", off);
        g_autofree char *ignore = g_strdup_printf("%s,detect-zeroes=unmap", how[i]);

        g_assert_cmpint(blocks_after_zeroes(off), ==, 0);
        g_assert_cmpint(blocks_after_zeroes(on), ==, 0);
        g_assert_cmpint(blocks_after_zeroes(ignore), ==, 0);
        if (blocks_after_zeroes(unmap) != (65536 + 4096) / 512) {
            g_test_skip("the file system makes no holes");
        }
    }
    refused("detect-zeroes=maybe", "off, on or unmap");
}

static void test_detect_zeroes_node(void)
{
    Error *err = NULL;

    fresh_image();
    g_assert_false(blockdev_add(json("{\"driver\":\"file\",\"filename\":\"%s\",\"node-name\":\"f\",\"detect-zeroes\":\"unmap\"}", path), &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "discard=unmap"));
    error_free(err);
    g_assert_true(blockdev_add(json("{\"driver\":\"file\",\"filename\":\"%s\",\"node-name\":\"f\",\"detect-zeroes\":\"on\"}", path), &error_abort));
    blk_cleanup();
}

/* An image that ends inside a sector: the sector is there, with zeroes behind the end, and can be written. */
static void odd_size(const char *rest)
{
    Object *dev = device();
    uint8_t out[512], in[1024];
    BlockBackend *blk;

    fresh_image();
    g_assert_cmpint(truncate(path, 0), ==, 0);
    memset(out, 0x5a, sizeof(out));
    blk = drive(rest);
    g_assert_true(attach(blk, dev, false, &error_abort));
    g_assert_cmpint(truncate(path, 512), ==, 0);
    g_assert_cmpint(blk_getlength(blk), ==, 512);
    g_assert_cmpint(blk_pwrite(blk, 0, 512, out), ==, 0);
    g_assert_cmpint(truncate(path, 700), ==, 0);
    g_assert_cmpint(blk_getlength(blk), ==, 1024);
    memset(in, 0xff, sizeof(in));
    g_assert_cmpint(aio_read(blk, 0, in, 1024), ==, 0);
    g_assert_cmpmem(in, 512, out, 512);
    g_assert_cmpuint(in[512] | in[699] | in[700] | in[1023], ==, 0);
    g_assert_cmpint(blk_pread(blk, 800, 100, in), ==, 0);
    g_assert_cmpint(aio_write(blk, 512, out, 512), ==, 0);
    g_assert_cmpint(aio_read(blk, 512, in, 512), ==, 0);
    g_assert_cmpmem(in, 512, out, 512);
    g_assert_cmpint(truncate(path, 512), ==, 0);
    g_assert_cmpint(blk_pread(blk, 800, 100, in), ==, -EIO);        /* not the sector that the end is in */
    blk_detach_dev(blk, dev);
    object_unref(dev);
    blk_cleanup();
}

static void test_odd_size(void)
{
    odd_size("aio=threads");
    odd_size("aio=threads,cache=none");
    odd_size("discard=unmap");
    odd_size("cache=none");
}

static void test_threads(void) { exercise("aio=threads"); }
static void test_default(void) { exercise("discard=unmap"); }
static void test_direct(void) { exercise("cache=none"); }
static void test_writethrough(void) { exercise("cache=writethrough"); }

static void count(void *opaque, int ret)
{
    *(unsigned *)opaque += ret == 0;
}

/* More at once than any ring or pool holds; each one is answered once. */
static void test_many(void)
{
    static uint8_t bufs[2000][512];
    static struct iovec iov[2000];
    unsigned done = 0;
    BlockBackend *blk;

    fresh_image();
    blk = drive("");
    for (int i = 0; i < 2000; i++) {
        memset(bufs[i], i, 512);
        iov[i] = (struct iovec) { bufs[i], 512 };
        blk_aio_pwritev(blk, i * 512, &iov[i], 1, count, &done);
    }
    blk_drain(blk);
    g_assert_cmpuint(done, ==, 2000);
    for (int i = 0; i < 2000; i++) {
        memset(bufs[i], 0xff, 512);
        blk_aio_preadv(blk, i * 512, &iov[i], 1, count, &done);
    }
    blk_drain(blk);
    g_assert_cmpuint(done, ==, 4000);
    for (int i = 0; i < 2000; i++) {
        g_assert_cmpuint(bufs[i][0], ==, i & 0xff);
        g_assert_cmpuint(bufs[i][511], ==, i & 0xff);
    }
    blk_cleanup();
}

/* A device that waits for its requests: from inside a completion, and from a vCPU's thread. */
static BlockBackend *drain_blk;

static void drain_inside(void *opaque, int ret)
{
    blk_drain(drain_blk);
}

static void *drain_in_thread(void *opaque)
{
    bql_lock();
    blk_drain(drain_blk);
    __atomic_store_n((bool *)opaque, true, __ATOMIC_RELAXED);
    bql_unlock();
    return NULL;
}

static void drain_with(const char *opts)
{
    static uint8_t buf[512];
    struct iovec iov = { buf, sizeof(buf) };
    bool thread_done = false;
    unsigned done = 0;
    GThread *thread;

    fresh_image();
    drain_blk = drive(opts);
    blk_aio_preadv(drain_blk, 0, &iov, 1, drain_inside, &done);
    for (int i = 0; i < 50; i++) {
        blk_aio_preadv(drain_blk, i * 512, &iov, 1, count, &done);
    }
    blk_drain(drain_blk);
    g_assert_cmpuint(done, ==, 50);
    for (int i = 0; i < 50; i++) {
        blk_aio_preadv(drain_blk, i * 512, &iov, 1, count, &done);
    }
    thread = g_thread_new("vcpu", drain_in_thread, &thread_done);
    while (!__atomic_load_n(&thread_done, __ATOMIC_RELAXED)) {
        main_loop_wait(true);
        bql_unlock();
        g_usleep(100);
        bql_lock();
    }
    g_thread_join(thread);
    g_assert_cmpuint(done, ==, 100);
    blk_cleanup();
}

static void test_drain(void)
{
    drain_with("aio=threads");
    drain_with("");
}

/* Completions that bring about the next one have their turn, as everybody else has. */
typedef struct Endless { unsigned done; bool stop; } Endless;

static void endless(void *opaque, int ret)
{
    Endless *e = opaque;

    g_assert_cmpuint(++e->done, <, 100000);
    if (!e->stop) {
        block_complete_later(endless, e, 0);
    }
}

static void test_turns(void)
{
    Endless e = { 0 };

    fresh_image();
    drive("aio=threads");
    block_complete_later(endless, &e, 0);
    for (unsigned turn = 0; turn < 3; turn++) {
        main_loop_wait(true);
    }
    g_assert_cmpuint(e.done, >, 0);
    e.stop = true;
    for (unsigned before = 0; before != e.done;) {
        before = e.done;
        main_loop_wait(true);
    }
    blk_cleanup();
}

/* Each write that is over is followed by the next: they do not keep a resize from coming to its end. */
typedef struct Chain { BlockBackend *blk; uint8_t data[512]; struct iovec iov; unsigned written, refused; bool stop; } Chain;

static void chain_next(void *opaque, int ret)
{
    Chain *c = opaque;

    c->written += ret == 0;
    c->refused += ret == -EIO;
    if (!c->stop && ret != -EIO) {
        blk_aio_pwritev(c->blk, SIZE - 512, &c->iov, 1, chain_next, c);
    }
}

static void on_resized(void *opaque)
{
    ++*(unsigned *)opaque;
}

static void resize_with(const char *opts)
{
    Chain c = { 0 };
    Object *dev = device();
    unsigned resized = 0;
    struct stat st;

    fresh_image();
    c.blk = drive(opts);
    c.iov = (struct iovec) { c.data, 512 };
    g_assert_true(attach(c.blk, dev, false, &error_abort));
    blk_set_resized(c.blk, on_resized, &resized);
    g_assert_cmpint(blk_getlength(c.blk), ==, SIZE);
    chain_next(&c, 1);
    g_assert_true(block_resize("d", NULL, 4096, &error_abort));
    g_assert_cmpuint(resized, ==, 1);
    g_assert_cmpuint(c.written, ==, 1);
    while (!c.refused) {
        main_loop_wait(false);
    }
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, 4096);
    g_assert_true(block_resize("d", NULL, SIZE, &error_abort));
    chain_next(&c, 1);
    c.stop = true;
    blk_detach_dev(c.blk, dev);
    g_assert_cmpuint(c.written, ==, 2);
    object_unref(dev);
    blk_cleanup();
}

static void test_resize(void)
{
    resize_with("id=d,aio=threads");
    resize_with("id=d");
}

/* A window's end moves with the image. */
static void test_resize_window(void)
{
    Error *err = NULL;
    struct stat st;

    fresh_image();
    g_assert_true(blockdev_add(json("{\"driver\":\"raw\",\"offset\":4096,\"node-name\":\"w\",\"file\":{\"driver\":\"file\",\"filename\":\"%s\"}}", path), &error_abort));
    g_assert_true(block_resize(NULL, "w", 8192, &error_abort));
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, 4096 + 8192);
    g_assert_cmpint(blk_getlength(blk_by_name("w")), ==, 8192);
    g_assert_false(block_resize(NULL, "w", INT64_MAX, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "offset=4096"));
    error_free(err);
    blk_cleanup();
}

/* --- Use and locks --------------------------------------------------------------------- */

/* Whether a device of another process can have the image. */
static bool other_process_shares(const char *opts, bool share)
{
    int status;
    pid_t pid = fork();

    if (!pid) {
        BlockBackend *blk = drive_new(drive_opts(opts), "none", NULL);

        _exit(blk && attach(blk, device(), share, NULL) ? 0 : 1);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return WEXITSTATUS(status) == 0;
}

static bool other_process_can(const char *opts)
{
    return other_process_shares(opts, false);
}

static void cannot_attach(BlockBackend *blk, Object *dev, bool share, const char *why)
{
    Error *err = NULL;

    g_assert_false(blk_attach_dev(blk, dev, &err) && blk_use(blk, share, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), why));
    error_free(err);
    blk_detach_dev(blk, dev);
}

static void test_locks(void)
{
    Object *dev = device(), *second = device();
    BlockBackend *blk;

    fresh_image();
    blk = drive("id=d,aio=threads");
    g_assert_true(other_process_can("aio=threads"));    /* no device yet */
    g_assert_true(attach(blk, dev, false, &error_abort));
    cannot_attach(blk, second, false, "another device");
    g_assert_true(attach(blk, dev, false, &error_abort));
    g_assert_false(other_process_can("aio=threads"));
    g_assert_false(other_process_can("aio=threads,readonly=on"));
    g_assert_true(other_process_can("aio=threads,readonly=on,force-share=on"));
    g_assert_true(other_process_can("aio=threads,locking=off"));
    g_assert_false(other_process_shares("aio=threads", true));
    cannot_attach(drive("id=e"), second, false, "access to");     /* nor twice in one machine */
    cannot_attach(blk_by_name("e"), second, true, "share-rw=on");
    blk_detach_dev(blk, dev);
    g_assert_true(other_process_can("aio=threads"));
    blk_cleanup();

    blk = drive("id=d,readonly=on");
    g_assert_true(blk_is_read_only(blk));
    g_assert_true(attach(blk, dev, false, &error_abort));
    g_assert_true(other_process_can("aio=threads,readonly=on"));
    g_assert_false(other_process_can("aio=threads"));
    g_assert_false(other_process_shares("aio=threads", true));
    g_assert_cmpint(blk_pwrite(blk, 0, 1, "x"), ==, -EACCES);
    blk_cleanup();
    object_unref(dev);
    object_unref(second);
}

/* Devices that all say so write together: of one machine, of several nodes, of two machines. */
static void test_share(void)
{
    Object *dev = device(), *second = device();
    BlockBackend *one, *two;

    fresh_image();
    one = drive("id=d,aio=threads");
    g_assert_true(attach(one, dev, true, &error_abort));
    g_assert_true(other_process_shares("aio=threads", true));
    g_assert_true(other_process_shares("aio=threads,readonly=on", true));
    g_assert_false(other_process_can("aio=threads"));
    g_assert_false(other_process_can("aio=threads,readonly=on"));
    two = drive("id=e");
    cannot_attach(two, second, false, "share-rw=on");
    g_assert_true(attach(two, second, true, &error_abort));
    blk_cleanup();

    g_assert_true(blockdev_add(json("{\"driver\":\"file\",\"filename\":\"%s\",\"node-name\":\"f\"}", path), &error_abort));
    g_assert_true(blockdev_add(json("{\"node-name\":\"r\",\"driver\":\"raw\",\"file\":\"f\"}"), &error_abort));
    one = blk_by_name("r");
    g_assert_true(attach(one, dev, true, &error_abort));
    two = blk_by_name("r");
    g_assert_true(one != two);
    cannot_attach(two, second, false, "share-rw=on");
    cannot_attach(blk_by_name("f"), second, false, "share-rw=on");
    g_assert_true(attach(two, second, true, &error_abort));
    blk_detach_dev(one, dev);
    g_assert_true(blk_by_name("r") == one);
    cannot_attach(blk_by_name("f"), dev, false, "share-rw=on");
    blk_detach_dev(two, second);
    g_assert_true(attach(blk_by_name("f"), dev, false, &error_abort));
    cannot_attach(one, second, true, "share-rw=on");
    g_assert_false(other_process_shares("aio=threads", true));
    blk_cleanup();
    object_unref(dev);
    object_unref(second);
}

/* Readers need not share, with each other. */
static void test_share_readers(void)
{
    Object *dev = device(), *second = device();

    fresh_image();
    g_assert_true(blockdev_add(json("{\"driver\":\"file\",\"filename\":\"%s\",\"node-name\":\"f\",\"read-only\":true}", path), &error_abort));
    g_assert_true(attach(blk_by_name("f"), dev, false, &error_abort));
    g_assert_true(attach(blk_by_name("f"), second, false, &error_abort));
    blk_cleanup();
    object_unref(dev);
    object_unref(second);
}

/* As libvirt does it: a storage node that may be writable, read-only formats on it in two machines. */
static void test_auto_read_only(void)
{
    Object *dev = device();
    BlockBackend *blk;

    fresh_image();
    g_assert_true(blockdev_add(json("{\"driver\":\"file\",\"filename\":\"%s\",\"node-name\":\"st\",\"auto-read-only\":true,"
                                    "\"discard\":\"unmap\"}", path), &error_abort));
    g_assert_true(other_process_can("aio=threads"));    /* nobody uses it yet */
    g_assert_true(blockdev_add(json("{\"node-name\":\"fmt\",\"read-only\":true,\"driver\":\"raw\",\"file\":\"st\"}"), &error_abort));
    blk = blk_by_name("fmt");
    g_assert_true(blk_is_read_only(blk));
    g_assert_true(attach(blk, dev, false, &error_abort));
    g_assert_true(other_process_can("aio=threads,readonly=on"));
    g_assert_false(other_process_can("aio=threads"));
    blk_cleanup();

    g_assert_true(blockdev_add(json("{\"driver\":\"file\",\"filename\":\"%s\",\"node-name\":\"st\",\"auto-read-only\":true}", path), &error_abort));
    g_assert_true(blockdev_add(json("{\"node-name\":\"fmt\",\"read-only\":false,\"driver\":\"raw\",\"file\":\"st\"}"), &error_abort));
    blk = blk_by_name("fmt");
    g_assert_true(attach(blk, dev, false, &error_abort));
    g_assert_cmpint(blk_pwrite(blk, 0, 1, "x"), ==, 0);
    g_assert_false(other_process_can("aio=threads,readonly=on"));
    blk_cleanup();
    object_unref(dev);
}

static void test_nodes(void)
{
    Object *dev = device();
    Error *err = NULL;
    BlockBackend *blk;
    char buf[4];

    fresh_image();
    g_assert_true(blockdev_add(json("{\"driver\":\"file\",\"filename\":\"%s\",\"node-name\":\"st\"}", path), &error_abort));
    g_assert_true(blockdev_add(json("{\"driver\":\"raw\",\"node-name\":\"win\",\"file\":\"st\",\"offset\":4096,\"size\":8192}"), &error_abort));
    blk = blk_by_name("win");
    g_assert_cmpint(blk_getlength(blk), ==, 8192);
    g_assert_cmpint(blk_pwrite(blk, 0, 4, "abcd"), ==, 0);
    g_assert_cmpint(blk_pread(blk_by_name("st"), 4096, 4, buf), ==, 0);
    g_assert_cmpmem(buf, 4, "abcd", 4);
    g_assert_cmpint(blk_pwrite(blk, 8190, 4, "abcd"), ==, -EIO);

    g_assert_false(blockdev_add(json("{\"driver\":\"file\",\"filename\":\"%s\"}", path), &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "node-name"));
    g_clear_pointer(&err, error_free);
    g_assert_false(blockdev_add(json("{\"driver\":\"qcow2\",\"file\":\"st\",\"node-name\":\"q\"}"), &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "qcow2"));
    g_clear_pointer(&err, error_free);
    g_assert_false(blockdev_add(json("{\"driver\":\"raw\",\"file\":\"st\",\"node-name\":\"win\"}"), &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "already"));
    g_clear_pointer(&err, error_free);
    g_assert_false(blockdev_add(json("{\"driver\":\"raw\",\"file\":\"st\",\"node-name\":\"z\",\"offset\":4096,\"size\":%d}", SIZE), &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "outside"));
    g_clear_pointer(&err, error_free);
    g_assert_false(blockdev_add(json("{\"driver\":\"raw\",\"file\":\"st\",\"node-name\":\"z\",\"shape\":1}"), &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "shape"));
    g_clear_pointer(&err, error_free);

    g_assert_true(attach(blk, dev, false, &error_abort));
    g_assert_false(blockdev_del("win", &err));
    g_clear_pointer(&err, error_free);
    g_assert_false(blockdev_del("st", &err));
    g_clear_pointer(&err, error_free);
    blk_detach_dev(blk, dev);
    g_assert_true(blockdev_del("win", &error_abort));
    g_assert_true(blockdev_del("st", &error_abort));
    g_assert_false(blockdev_del("st", &err));
    g_clear_pointer(&err, error_free);
    object_unref(dev);
    blk_cleanup();
}

static void test_drive_options(void)
{
    Error *err = NULL;
    g_autofree char *text = NULL;
    BlockBackend *blk;
    int fd;

    fresh_image();
    refused("cache=lukewarm", "cache option");
    refused("aio=smoke", "aio=smoke");
    refused("aio=native", "cache.direct");
    refused("werror=panic", "nothing to do");
    refused("rerror=enospc", "nothing to do");
    refused("media=tape", "invalid media");
    refused("snapshot=on", "snapshot");
    refused("if=floppy", "if=floppy");
    refused("force-share=on", "force-share");
    refused("colour=red", "colour");
    refused("discard=maybe", "discard");
    refused("unit=1000", "unit");
    blk = drive("if=pflash");
    g_assert_true(drive_get("pflash", 0) == blk);
    g_assert_false(drives_must_be_used(&err));
    g_assert_nonnull(strstr(error_get_pretty(err), "if=pflash,unit=0"));
    g_clear_pointer(&err, error_free);
    refused("if=pflash,unit=0", "unit=0 already");
    blk_cleanup();

    fd = open(path, O_WRONLY);
    g_assert_cmpint(pwrite(fd, "QFI\xfb", 4, 0), ==, 4);
    close(fd);
    text = g_strdup_printf("file=%s,if=none", path);
    g_assert_null(drive_new(options_parse(text, NULL, NULL, &error_abort), "none", &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "qcow2"));
    error_free(err);
    blk_cleanup();
}

static void test_errors(void)
{
    BlockBackend *blk;

    fresh_image();
    blk = drive("id=d");
    g_assert_cmpint(blk_error_action(blk, false, ENOSPC), ==, BLOCK_ERROR_ACTION_STOP);
    g_assert_cmpint(blk_error_action(blk, false, EIO), ==, BLOCK_ERROR_ACTION_REPORT);
    g_assert_cmpint(blk_error_action(blk, true, ENOSPC), ==, BLOCK_ERROR_ACTION_REPORT);
    blk_set_on_error(blk, BLOCK_ON_ERROR_STOP, BLOCK_ON_ERROR_IGNORE);
    g_assert_cmpint(blk_error_action(blk, true, EIO), ==, BLOCK_ERROR_ACTION_STOP);
    g_assert_cmpint(blk_error_action(blk, false, EIO), ==, BLOCK_ERROR_ACTION_IGNORE);
    blk_cleanup();
}

int main(int argc, char **argv)
{
    int status, fd;

    g_test_init(&argc, &argv, NULL);
    main_loop_init();
    if (!bql_locked()) {
        bql_lock();
    }
    fd = g_file_open_tmp("twostage-block-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_test_add_func("/block/locks", test_locks);
    g_test_add_func("/block/share", test_share);
    g_test_add_func("/block/share/readers", test_share_readers);
    g_test_add_func("/block/auto-read-only", test_auto_read_only);
    g_test_add_func("/block/nodes", test_nodes);
    g_test_add_func("/block/drive-options", test_drive_options);
    g_test_add_func("/block/errors", test_errors);
    g_test_add_func("/block/turns", test_turns);
    g_test_add_func("/block/resize", test_resize);
    g_test_add_func("/block/resize/window", test_resize_window);
    g_test_add_func("/block/detect-zeroes", test_detect_zeroes);
    g_test_add_func("/block/detect-zeroes/node", test_detect_zeroes_node);
    g_test_add_func("/block/odd-size", test_odd_size);
    g_test_add_func("/block/io/threads", test_threads);
    g_test_add_func("/block/io/default", test_default);
    g_test_add_func("/block/io/direct", test_direct);
    g_test_add_func("/block/io/writethrough", test_writethrough);
    g_test_add_func("/block/io/drain", test_drain);
    g_test_add_func("/block/io/many", test_many);
    status = g_test_run();
    unlink(path);
    g_free(path);
    return status;
}
