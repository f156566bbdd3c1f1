# The commands people type. Everything real is in configure, meson and scripts/.
#
#   make          build for this machine, in build/
#   make arm64    cross-build for arm64, in build-arm64/
#   make check    every test that needs no Arm hardware
#   make lab      run guests with an accelerated SMMUv3 on a virtual Arm host
#                 (make lab SCENARIOS=coldplug: one of them; tests/lab/lab --list names all)
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
	@scripts/install-deps lab
	@echo "Building the program for arm64, about a minute (.lab/build.log)"; mkdir -p .lab
	@$(MAKE) --no-print-directory arm64 > .lab/build.log 2>&1 || { tail -n 40 .lab/build.log; exit 1; }
	@tests/lab/lab --vmm build-arm64/qemu-system-aarch64 --peer fetch $(SCENARIOS)

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
