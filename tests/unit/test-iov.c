/*
 * Copying in and out of scattered memory, dropping its ends.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/iov.h"

static char memory[] = "abcdefghij";

/* "abc", nothing, "defg", "hij" */
static void scatter(struct iovec iov[4])
{
    iov[0] = (struct iovec) { memory, 3 };
    iov[1] = (struct iovec) { memory + 3, 0 };
    iov[2] = (struct iovec) { memory + 3, 4 };
    iov[3] = (struct iovec) { memory + 7, 3 };
}

static void test_copy(void)
{
    struct iovec iov[4];
    char buf[11] = "";

    scatter(iov);
    g_assert_cmpuint(iov_size(iov, 4), ==, 10);
    g_assert_cmpuint(iov_to_buf(iov, 4, 0, buf, sizeof(buf)), ==, 10);
    g_assert_cmpstr(buf, ==, "abcdefghij");
    memset(buf, 0, sizeof(buf));
    g_assert_cmpuint(iov_to_buf(iov, 4, 2, buf, 6), ==, 6);
    g_assert_cmpstr(buf, ==, "cdefgh");
    g_assert_cmpuint(iov_to_buf(iov, 4, 10, buf, 1), ==, 0);
    g_assert_cmpuint(iov_to_buf(iov, 4, SIZE_MAX, buf, 1), ==, 0);
    g_assert_cmpuint(iov_from_buf(iov, 4, 6, "GHIJK", 5), ==, 4);
    g_assert_cmpstr(memory, ==, "abcdefGHIJ");
    g_assert_cmpuint(iov_memset(iov, 4, 1, '.', 3), ==, 3);
    g_assert_cmpstr(memory, ==, "a...efGHIJ");
    memcpy(memory, "abcdefghij", 10);
}

static void test_discard(void)
{
    struct iovec iov[4], *front = iov;
    unsigned n = 4;
    char buf[11] = "";

    scatter(iov);
    g_assert_cmpuint(iov_discard_front(&front, &n, 4), ==, 4);
    g_assert_cmpuint(n, ==, 2);
    g_assert_cmpuint(iov_to_buf(front, n, 0, buf, sizeof(buf)), ==, 6);
    g_assert_cmpstr(buf, ==, "efghij");
    g_assert_cmpuint(iov_discard_back(front, &n, 4), ==, 4);
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpuint(iov_size(front, n), ==, 2);
    g_assert_cmpuint(iov_discard_front(&front, &n, 100), ==, 2);
    g_assert_cmpuint(n, ==, 0);
    g_assert_cmpuint(iov_discard_back(front, &n, 1), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/iov/copy", test_copy);
    g_test_add_func("/iov/discard", test_discard);
    return g_test_run();
}
