# SPDX-License-Identifier: Apache-2.0
# A thin front over meson and ninja.  `make study` and `make check` set up everything they need.
BUILD  ?= build
PREFIX ?= /usr/local
DESTDIR ?=
NINJA  ?= ninja
# Extra words for the study, e.g. make study STUDY="--quick" or STUDY="interference --out /srv/r1"
STUDY  ?=

# Studies make namespaces, start VMs and change (then restore) kernel settings: that needs root.
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: all help build study check bench install uninstall clean deps

all: build

help:
	@sed -n 's/^#: //p' Makefile

#: make study    install what is missing, build, run the default study, print the table and the path of report.html
#: make check    install what is missing, build with gcc and clang, run every test
#: make build    install what building needs, build into build/
#: make bench    side by side with netperf or sockperf, iperf3 and cyclictest
#: make install  DESTDIR= PREFIX=/usr/local
#: make clean    remove the build folders

$(BUILD)/build.ninja:
	meson setup $(BUILD) --prefix $(PREFIX) -Dtests=false

build:
	@scripts/install-deps build
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	$(NINJA) -C $(BUILD)

study:
	@scripts/install-deps build run
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	$(NINJA) -C $(BUILD)
	$(AS_ROOT) $(BUILD)/src/vlat study $(STUDY)

check:
	@scripts/install-deps build run check
	scripts/check

bench:
	@scripts/install-deps build run bench
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	$(NINJA) -C $(BUILD)
	$(AS_ROOT) bench/run --build $(BUILD)

install: $(BUILD)/build.ninja
	meson configure $(BUILD) --prefix $(PREFIX)
	DESTDIR=$(DESTDIR) meson install -C $(BUILD)

uninstall:
	$(NINJA) -C $(BUILD) uninstall

clean:
	rm -rf build build-*
