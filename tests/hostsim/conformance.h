/*
 * Sequences of host calls and what Linux 7.2 answers, for whoever answers them
 * here: the simulator, or a real kernel with a device to spare.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_HOSTSIM_CONFORMANCE_H
#define TESTS_HOSTSIM_CONFORMANCE_H

/* Runs all on the VFIO device @cdev (never attached to anything when it begins), and prints a line for each. Returns how many differ. */
int conformance_run(const char *cdev);

#endif
