/*
 * A simulated host for the simulator's own tests: two SMMUs, four devices (0
 * and 1 in one group; 3 behind the other SMMU), all open and bound to one
 * iommufd, and the kernel's calls as functions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_HOSTSIM_HOST_H
#define TESTS_UNIT_HOSTSIM_HOST_H

#include "tests/hostsim/hostsim.h"

#define MAP_RW (IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)

extern int iommu, fds[4];
extern SimDevice *dev[4];
extern uint32_t ids[4], ioas;
extern const uint64_t ste_bypass[2], ste_abort[2], ste_s1[2];

int call(unsigned long cmd, void *arg);
int dev_call(int i, unsigned long cmd, void *arg);
void open_device(int i);
uint32_t new_ioas(void);
int destroy(uint32_t id);
int map(uint32_t to, uint64_t iova, void *va, uint64_t length, uint32_t flags);
int unmap(uint32_t from, uint64_t iova, uint64_t length);
int hwpt_with(int i, uint32_t parent, uint32_t flags, const uint64_t *ste, uint32_t fault, uint32_t *id);
int hwpt(int i, uint32_t parent, uint32_t flags, const uint64_t *ste, uint32_t *id);
int viommu(int i, uint32_t s2, uint32_t *id);
int vdevice(int i, uint32_t v, uint64_t sid, uint32_t *id);
int attach(int i, uint32_t pt);
int detach(int i);

/* Adds a test that runs between setup and teardown; teardown checks that nothing leaks. */
void add(const char *name, void (*fn)(void));

#endif
