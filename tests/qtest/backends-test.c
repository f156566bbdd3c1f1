/*
 * What the host lends to a running machine: memory that is its RAM, images
 * that two machines want, character devices that come and go.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "libqtest.h"

#define RAM 0x40000000ULL
#define FLASH_SIZE (64 * MiB)

static char *file_of(const char *name, uint64_t size)
{
    char *path = g_strdup_printf("%s/%s", qtest_tmpdir(), name);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, size), ==, 0);
    close(fd);
    return path;
}

/* --- Memory ------------------------------------------------------------------------ */

/* What the guest writes is in the file, and the other way round. */
static void test_file_is_ram(void)
{
    g_autofree char *path = g_strdup_printf("%s/ram", qtest_tmpdir());
    QTestState *t = qtest_init("-nodefaults -m 128M -object memory-backend-file,id=m,size=128M,mem-path=%s,share=on "
                               "-machine virt,memory-backend=m", path);
    uint64_t v;
    int fd = open(path, O_RDWR);

    g_assert_cmpint(fd, >=, 0);
    qtest_writeq(t, RAM + 0x1000000, 0x1122334455667788);
    g_assert_cmpint(pread(fd, &v, 8, 0x1000000), ==, 8);
    g_assert_cmphex(v, ==, 0x1122334455667788);
    v = 0xaabbccdd;
    g_assert_cmpint(pwrite(fd, &v, 8, 0x7fffff8), ==, 8);
    g_assert_cmphex(qtest_readq(t, RAM + 0x7fffff8), ==, 0xaabbccdd);
    g_assert_cmphex(qtest_readq(t, RAM + 0x8000000), ==, 0);        /* past the end there is nothing */
    qtest_qmp_error(t, "GenericError", "in use", "{'execute':'object-del','arguments':{'id':'m'}}");
    close(fd);
    qtest_quit(t);
    unlink(path);
}

static void test_kinds_of_memory(void)
{
    static const char *const kinds[] = {
        "memory-backend-ram,id=m,size=64M", "memory-backend-ram,id=m,size=64M,share=on,prealloc=on,prealloc-threads=2",
        "memory-backend-memfd,id=m,size=64M", "memory-backend-ram,id=m,size=64M,reserve=off,merge=off,dump=off",
    };

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        QTestState *t = qtest_init("-nodefaults -m 64M -object %s -machine virt,memory-backend=m", kinds[i]);

        qtest_memset(t, RAM + 0x3fff000, 0x5a, 0x1000);
        g_assert_cmphex(qtest_readl(t, RAM + 0x3fffffc), ==, 0x5a5a5a5a);
        qtest_quit(t);
    }
}

static void test_object_add_del(void)
{
    QTestState *t = qtest_init("-M virt -nodefaults");

    for (int i = 0; i < 20; i++) {
        json_decref(qtest_qmp_return(t, "{'execute':'object-add','arguments':{'qom-type':'memory-backend-ram','id':'m%d','size':%d}}",
                                     i, 1 << 20));
    }
    qtest_qmp_error(t, "GenericError", "m3",
                    "{'execute':'object-add','arguments':{'qom-type':'memory-backend-ram','id':'m3','size':4096}}");
    for (int i = 0; i < 20; i++) {
        json_decref(qtest_qmp_return(t, "{'execute':'object-del','arguments':{'id':'m%d'}}", i));
    }
    qtest_qmp_error(t, "GenericError", "no object", "{'execute':'object-del','arguments':{'id':'m3'}}");
    qtest_quit(t);
}

/* --- Images -------------------------------------------------------------------------- */

#define TWO_FLASHES "-M virt,pflash0=f0,pflash1=f1 -nodefaults " \
    "-blockdev {\"driver\":\"file\",\"filename\":\"%s\",\"node-name\":\"s0\",\"auto-read-only\":true,\"discard\":\"unmap\"} " \
    "-blockdev {\"node-name\":\"f0\",\"read-only\":true,\"driver\":\"raw\",\"file\":\"s0\"} " \
    "-blockdev {\"driver\":\"file\",\"filename\":\"%s\",\"node-name\":\"f1\",\"read-only\":false}"
/* qtest_init() splits as a shell does: keep the quotes. */
static QTestState *with_flashes(const char *code, const char *vars)
{
    g_autofree char *plain = g_strdup_printf(TWO_FLASHES, code, vars);
    g_auto(GStrv) words = g_strsplit(plain, " ", -1);

    for (char **w = words; *w; w++) {
        char *quoted = g_shell_quote(*w);

        g_free(*w);
        *w = quoted;
    }
    g_autofree char *args = g_strjoinv(" ", words);
    return qtest_init("%s", args);
}

static void test_shared_firmware(void)
{
    g_autofree char *code = file_of("code", FLASH_SIZE), *vars_a = file_of("vars-a", FLASH_SIZE), *vars_b = file_of("vars-b", FLASH_SIZE);
    g_autofree char *err = NULL;
    QTestState *a = with_flashes(code, vars_a), *b = with_flashes(code, vars_b);
    json_t *blocks = qtest_qmp_return(a, "{'execute':'query-block'}");

    g_assert_cmpuint(json_array_size(blocks), ==, 2);
    json_decref(blocks);
    /* Somebody else's variables are refused, in one sentence. */
    g_assert_cmpint(qtest_run(&err, "-M virt -accel qtest -nodefaults -drive if=pflash,unit=1,format=raw,file=%s", vars_a), ==, 1);
    g_assert_nonnull(strstr(err, "access to"));
    g_assert_nonnull(strstr(err, vars_a));
    qtest_quit(a);
    qtest_quit(b);
    unlink(code);
    unlink(vars_a);
    unlink(vars_b);
}

static void test_blockdevs(void)
{
    g_autofree char *image = file_of("image", 1 * MiB);
    QTestState *t = qtest_init("-M virt -nodefaults");
    json_t *nodes;

    for (int i = 0; i < 3; i++) {
        json_decref(qtest_qmp_return(t, "{'execute':'blockdev-add','arguments':{'driver':'file','filename':'%s','node-name':'s'}}", image));
        json_decref(qtest_qmp_return(t, "{'execute':'blockdev-add','arguments':{'driver':'raw','file':'s','node-name':'f'}}"));
        qtest_qmp_error(t, "GenericError", "in use", "{'execute':'blockdev-del','arguments':{'node-name':'s'}}");
        nodes = qtest_qmp_return(t, "{'execute':'query-named-block-nodes','arguments':{'flat':true}}");
        g_assert_cmpuint(json_array_size(nodes), ==, 2);
        json_decref(nodes);
        json_decref(qtest_qmp_return(t, "{'execute':'blockdev-del','arguments':{'node-name':'f'}}"));
        json_decref(qtest_qmp_return(t, "{'execute':'blockdev-del','arguments':{'node-name':'s'}}"));
    }
    qtest_qmp_error(t, "GenericError", "qcow2",
                    "{'execute':'blockdev-add','arguments':{'driver':'qcow2','file':'s','node-name':'q'}}");
    qtest_qmp_error(t, "GenericError", "/nonexistent",
                    "{'execute':'blockdev-add','arguments':{'driver':'file','filename':'/nonexistent','node-name':'q'}}");
    qtest_qmp_error(t, "GenericError", "no block node", "{'execute':'blockdev-del','arguments':{'node-name':'q'}}");
    qtest_quit(t);
    unlink(image);
}

/* Entries for devices come and go; the guest reads tables that are made anew after a reset. */
static void test_initiators(void)
{
    QTestState *t = qtest_init("-M virt,hmat=on -m 128 -object memory-backend-ram,id=m,size=128M -numa node,cpus=0,memdev=m -numa node "
                               "-device pcie-root-port,id=rp -object acpi-generic-initiator,id=g,pci-dev=rp,node=1 "
                               "-numa hmat-lb,initiator=1,target=0,hierarchy=memory,data-type=access-latency,latency=1");

    qtest_qmp_error(t, "GenericError", "pci-dev=no is not the id", "{'execute':'object-add','arguments':{'qom-type':"
                    "'acpi-generic-initiator','id':'h','pci-dev':'no','node':1}}");
    qtest_qmp_error(t, "GenericError", "nodeid=2", "{'execute':'object-add','arguments':{'qom-type':"
                    "'acpi-generic-initiator','id':'h','pci-dev':'rp','node':2}}");
    qtest_qmp_error(t, "GenericError", "cannot change", "{'execute':'qom-set','arguments':{'path':'/objects/g','property':'node','value':0}}");
    for (int i = 0; i < 2; i++) {
        json_decref(qtest_qmp_return(t, "{'execute':'object-add','arguments':{'qom-type':'acpi-generic-initiator','id':'h','pci-dev':'rp','node':0}}"));
        json_decref(qtest_qmp_return(t, "{'execute':'object-del','arguments':{'id':'h'}}"));
    }
    json_decref(qtest_qmp_return(t, "{'execute':'object-del','arguments':{'id':'g'}}"));       /* a latency from nobody stays behind */
    json_decref(qtest_qmp_return(t, "{'execute':'system_reset'}"));
    json_decref(qtest_qmp_event(t, "RESET"));
    for (unsigned file = 0x20; file < 0x50; file++) {           /* fw_cfg: tables are made when one of their files is chosen */
        qtest_writew(t, 0x09020008, GUINT16_SWAP_LE_BE(file));
        qtest_readb(t, 0x09020000);
    }
    qtest_quit(t);
}

/* A device that could not be, or is gone, holds on to nothing: what it had is free when the client hears of it. */
static void test_let_go(void)
{
    QTestState *t = qtest_init("-M virt -nodefaults -device pcie-root-port,id=rp -device virtio-serial-pci,id=vs");

    for (int i = 0; i < 10; i++) {
        json_decref(qtest_qmp_return(t, "{'execute':'blockdev-add','arguments':{'driver':'null-co','node-name':'d'}}"));
        qtest_qmp_error(t, "GenericError", "logical_block_size", "{'execute':'device_add','arguments':{'driver':'virtio-blk-pci',"
                        "'drive':'d','bus':'rp','logical_block_size':513}}");
        json_decref(qtest_qmp_return(t, "{'execute':'blockdev-del','arguments':{'node-name':'d'}}"));

        json_decref(qtest_qmp_return(t, "{'execute':'chardev-add','arguments':{'id':'c','backend':{'type':'null','data':{}}}}"));
        qtest_qmp_error(t, "GenericError", "max_ports", "{'execute':'device_add','arguments':{'driver':'virtserialport',"
                        "'chardev':'c','id':'p','nr':600}}");
        json_decref(qtest_qmp_return(t, "{'execute':'device_add','arguments':{'driver':'virtserialport','chardev':'c','id':'p'}}"));
        json_decref(qtest_qmp_return(t, "{'execute':'device_del','arguments':{'id':'p'}}"));
        json_decref(qtest_qmp_event(t, "DEVICE_DELETED"));
        json_decref(qtest_qmp_return(t, "{'execute':'chardev-remove','arguments':{'id':'c'}}"));
    }
    qtest_quit(t);
}

/* --- Character devices ------------------------------------------------------------------ */

static int dial(const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(a.sun_path, path, sizeof(a.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&a, sizeof(a)), ==, 0);
    return fd;
}

/* The console behind a socket: clients come and go, and what they type arrives. */
static void test_console_on_a_socket(void)
{
    g_autofree char *path = g_strdup_printf("%s/console", qtest_tmpdir()), *log = g_strdup_printf("%s/log", qtest_tmpdir()), *text = NULL;
    QTestState *t = qtest_init("-M virt -nodefaults -chardev socket,id=c,path=%s,server=on,wait=off,logfile=%s -serial chardev:c", path, log);
    const uint64_t dr = 0x09000000, fr = 0x09000018, cr = 0x09000030, lcrh = 0x0900002c;

    qtest_writel(t, lcrh, 0x70);
    qtest_writel(t, cr, 0x301);
    for (int round = 0; round < 3; round++) {
        int fd = dial(path);
        char c = 0;

        g_assert_cmpint(write(fd, "k", 1), ==, 1);
        while (qtest_readl(t, fr) & 0x10) {     /* receive FIFO empty */
            g_usleep(1000);
        }
        g_assert_cmphex(qtest_readl(t, dr) & 0xff, ==, 'k');
        qtest_writel(t, dr, 'A' + round);
        g_assert_cmpint(read(fd, &c, 1), ==, 1);
        g_assert_cmpint(c, ==, 'A' + round);
        close(fd);
    }
    qtest_quit(t);
    g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "ABC");
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    unlink(log);
}

static void test_chardev_add_remove(void)
{
    QTestState *t = qtest_init("-M virt -nodefaults -chardev null,id=taken -serial chardev:taken");
    json_t *r, *list;

    for (int i = 0; i < 3; i++) {
        json_decref(qtest_qmp_return(t, "{'execute':'chardev-add','arguments':{'id':'n','backend':{'type':'null','data':{}}}}"));
        r = qtest_qmp_return(t, "{'execute':'chardev-add','arguments':{'id':'p','backend':{'type':'pty','data':{}}}}");
        g_assert_true(g_str_has_prefix(json_string_value(json_object_get(r, "pty")) ?: "", "/dev/"));
        json_decref(r);
        list = qtest_qmp_return(t, "{'execute':'query-chardev'}");
        g_assert_cmpuint(json_array_size(list), >=, 3);
        json_decref(list);
        qtest_qmp_error(t, "GenericError", "already",
                        "{'execute':'chardev-add','arguments':{'id':'n','backend':{'type':'null','data':{}}}}");
        json_decref(qtest_qmp_return(t, "{'execute':'chardev-remove','arguments':{'id':'n'}}"));
        json_decref(qtest_qmp_return(t, "{'execute':'chardev-remove','arguments':{'id':'p'}}"));
    }
    qtest_qmp_error(t, "GenericError", "is in use", "{'execute':'chardev-remove','arguments':{'id':'taken'}}");
    qtest_qmp_error(t, "GenericError", "no chardev", "{'execute':'chardev-remove','arguments':{'id':'n'}}");
    qtest_quit(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backends/memory/file", test_file_is_ram);
    g_test_add_func("/backends/memory/kinds", test_kinds_of_memory);
    g_test_add_func("/backends/memory/object-add", test_object_add_del);
    g_test_add_func("/backends/block/shared-firmware", test_shared_firmware);
    g_test_add_func("/backends/block/nodes", test_blockdevs);
    g_test_add_func("/backends/let-go", test_let_go);
    g_test_add_func("/backends/initiators", test_initiators);
    g_test_add_func("/backends/char/console", test_console_on_a_socket);
    g_test_add_func("/backends/char/add-remove", test_chardev_add_remove);
    return g_test_run();
}
