# The commands people type. Everything real is in configure, meson and scripts/.
#
#   make          build for this machine, in build/
#   make arm64    cross-build for arm64, in build-arm64/
#   make check    every test that needs no Arm hardware
#   make lab      run a guest with an accelerated SMMUv3 on a virtual Arm host
#
# SPDX-License-Identifier: GPL-2.0-or-later

.PHONY: all arm64 check lab bench fuzz install clean help

all: build/build.ninja
	ninja -C build

build/build.ninja: | configure
	./configure

arm64: build-arm64/build.ninja
	ninja -C build-arm64

build-arm64/build.ninja: | configure
	scripts/install-deps arm64
	./configure --cross=arm64

check:
	scripts/check

lab:
	scripts/install-deps lab
	$(MAKE) --no-print-directory arm64
	tests/lab/lab --vmm build-arm64/qemu-system-aarch64

bench:
	tests/bench/bench

fuzz:
	tests/fuzz/run --seconds 600

install: all
	ninja -C build install

clean:
	rm -rf build build-arm64 build-check build-fuzz

help:
	@sed -n 's/^#  //p' Makefile
