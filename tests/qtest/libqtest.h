/*
 * A test's side of the qtest protocol: start the emulator, drive its memory,
 * interrupts and clock, talk QMP to it.
 *
 *     QTestState *t = qtest_init("-M virt -nodefaults");
 *     g_assert_cmphex(qtest_readl(t, 0x09000fe0), ==, 0x11);
 *     qtest_quit(t);
 *
 * Any failure of the emulator (a crash, a FAIL answer) fails the test.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_LIBQTEST_H
#define TESTS_QTEST_LIBQTEST_H

#include <jansson.h>
#include "util/osdep.h"
#include "util/bits.h"
#include "util/options.h"

typedef struct QTestState QTestState;

/*
 * Starts $QTEST_BINARY with -accel qtest and @args (printf style, split as a shell would).
 * For an emulator without that accelerator: QTEST_ACCEL="tcg -S".
 */
QTestState *qtest_init(const char *args, ...) G_GNUC_PRINTF(1, 2);
void qtest_quit(QTestState *t);             /* also checks that it ended well */
/*
 * For wrong uses: runs the emulator with @args until it ends by itself; returns its
 * exit status and in *@err (to be freed) what it wrote to stderr.
 */
int qtest_run(char **err, const char *args, ...) G_GNUC_PRINTF(2, 3);
/* Such a command line ends with status 1 and a message that has @says in it. */
void qtest_refused(const char *says, const char *args, ...) G_GNUC_PRINTF(2, 3);
/* The same, what it wrote to stdout; must exit with status 0. */
char *qtest_run_stdout(const char *args, ...) G_GNUC_PRINTF(1, 2);

void qtest_writeb(QTestState *t, uint64_t addr, uint8_t v);
void qtest_writew(QTestState *t, uint64_t addr, uint16_t v);
void qtest_writel(QTestState *t, uint64_t addr, uint32_t v);
void qtest_writeq(QTestState *t, uint64_t addr, uint64_t v);
uint8_t qtest_readb(QTestState *t, uint64_t addr);
uint16_t qtest_readw(QTestState *t, uint64_t addr);
uint32_t qtest_readl(QTestState *t, uint64_t addr);
uint64_t qtest_readq(QTestState *t, uint64_t addr);
void qtest_memread(QTestState *t, uint64_t addr, void *data, size_t size);
void qtest_memwrite(QTestState *t, uint64_t addr, const void *data, size_t size);
void qtest_memset(QTestState *t, uint64_t addr, uint8_t pattern, size_t size);

void qtest_irq_intercept_in(QTestState *t, const char *path);
void qtest_irq_intercept_out(QTestState *t, const char *path);
bool qtest_get_irq(QTestState *t, unsigned n);      /* level now */
unsigned qtest_irq_raised(QTestState *t, unsigned n);   /* how often it went up so far */
void qtest_set_irq_in(QTestState *t, const char *path, const char *name, int n, int level);

int64_t qtest_clock_step(QTestState *t, int64_t ns);
int64_t qtest_clock_step_next(QTestState *t);
int64_t qtest_clock_set(QTestState *t, int64_t ns);
/*
 * One line out, the words after OK (to be g_strfreev()d) back. Several lines are done in one
 * piece, without a turn of the emulator's main loop between; the last one's answer comes back.
 */
char **qtest_command(QTestState *t, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* QMP on a second socket. The answer is the caller's. Events go to a list. */
json_t *qtest_qmp(QTestState *t, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
json_t *qtest_qmp_return(QTestState *t, const char *fmt, ...) G_GNUC_PRINTF(2, 3);  /* asserts success */
void qtest_qmp_error(QTestState *t, const char *klass, const char *desc_part, const char *fmt, ...) G_GNUC_PRINTF(4, 5);
json_t *qtest_qmp_event(QTestState *t, const char *name);      /* waits for it */
char *qtest_hmp(QTestState *t, const char *command);

const char *qtest_binary(void);
/* A directory that is removed when the test program ends. */
const char *qtest_tmpdir(void);

#endif
