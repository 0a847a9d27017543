# SPDX-License-Identifier: Apache-2.0
# A thin front over meson and ninja.  `make study` and `make check` set up everything they need.
BUILD  ?= build
PREFIX ?= /usr/local
DESTDIR ?=
# The program that builds, with its options, e.g. make NINJA="ninja -j2".  Meson takes a variable of that name for a file, so
# it does not get this one.
NINJA  ?= ninja
unexport NINJA
# Extra words for the study, e.g. make study STUDY="--quick" or STUDY="interference --out /srv/r1"
STUDY  ?=

# Studies make namespaces, start VMs and change (then restore) kernel settings: that needs root.
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: all help build study check bench install uninstall deb clean

all: build

help:
	@sed -n 's/^#: //p' Makefile

#: make study    install what is missing, build, run the default study, print the table and the path of report.html
#: make check    install what is missing, build with gcc and clang, run every test
#: make build    install what building needs, build into build/
#: make bench    side by side with netperf or sockperf, iperf3 and cyclictest
#: make install  programs, profiles, studies, man pages, completion and documentation, below PREFIX=/usr/local, in DESTDIR=
#: make uninstall  take away what make install has put there
#: make deb      a Debian package, in build-deb/
#: make clean    remove the build folders
#: PREFIX=DIR, DESTDIR=DIR, BUILD=DIR and NINJA="ninja -j2" are heeded by all of them.

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
	NINJA_COMMAND="$(NINJA)" scripts/check

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

deb:
	@scripts/install-deps build deb
	scripts/deb

clean:
	rm -rf build build-*
