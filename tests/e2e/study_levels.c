/* SPDX-License-Identifier: Apache-2.0 */
/* vlat study: what it is made of. Every level of every factor that this machine has, what is missing, and what is no study. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "e2e.h"
#include "program.h"
#include "study_home.h"

static void test_newer_format(void)
{
	char dir[96], path[128];
	struct said s;

	check(mkdir(in_home(dir, sizeof(dir), "newer"), 0755) == 0);
	(void) text_print(path, sizeof(path), "%s/study.json", dir);
	write_study(path, "{\"format\":99,\"study\":\"x\"}");
	s = VLAT("study", "--resume", dir);
	check(said_exit(&s, 2));
	check(said_has(&s, "99"));
	said_free(&s);
}

/* A tuning named by two programs: applied, reverted, recorded; one that fails makes failed cells, not a failed study. */
static void test_rival_tuning(void)
{
	static const char rival_text[] = "name: rival\n"
					 "title: Somebody else's tuner\n"
					 "blocks: 1\n"
					 "duration: 100ms\n"
					 "warmup: 10ms\n"
					 "suts: [native]\n"
					 "tunings:\n"
					 "  - name: stock\n"
					 "  - name: theirs\n"
					 "    apply: [touch, %s]\n"
					 "    revert: [rm, -f, %s]\n"
					 "  - name: broken\n"
					 "    apply: [ls, /no/such/file]\n"
					 "    revert: [\"true\"]\n"
					 "interference:\n"
					 "  - name: idle\n"
					 "workloads:\n"
					 "  - name: wakeup\n";
	char text[1024], file[96], dir[96], applied[96];
	unsigned failed = 0;
	struct said s;

	in_home(applied, sizeof(applied), "applied");
	(void) text_print(text, sizeof(text), rival_text, applied, applied);
	write_study(in_home(file, sizeof(file), "rival.yaml"), text);
	s = VLAT("study", file, "--out", in_home(dir, sizeof(dir), "rival"));
	check(said_exit(&s, 1));
	check(said_has(&s, "/no/such/file"));
	said_free(&s);
	for (unsigned id = 1; id <= 3; id++) {
		char name[32];
		json_t *cell;
		bool broken;

		(void) text_print(name, sizeof(name), "cells/%04u.json", id);
		cell = load(dir, name);
		broken = text_eq(json_string_value(json_object_get(cell, "tuning")), "broken");
		check(broken == !json_is_null(json_object_get(cell, "error")));
		failed += broken;
		json_decref(cell);
	}
	check(failed == 1);
	check(access(applied, F_OK) < 0);
}

/* No QEMU: said, recorded with its cure, and everything else is measured. */
static void test_missing_sut(void)
{
	static const char text[] = "name: missing\n"
				   "title: One of two\n"
				   "blocks: 1\n"
				   "duration: 100ms\n"
				   "warmup: 10ms\n"
				   "suts: [native, vm]\n"
				   "tunings:\n"
				   "  - name: stock\n"
				   "interference:\n"
				   "  - name: idle\n"
				   "workloads:\n"
				   "  - name: wakeup\n";
	char file[96], dir[96];
	json_t *study, *gone;
	struct said s;

	write_study(in_home(file, sizeof(file), "missing.yaml"), text);
	s = VLAT("study", file, "--out", in_home(dir, sizeof(dir), "missing"), "--qemu", "/no/such/qemu");
	check(said_exit(&s, 0));
	check(said_has(&s, "vm is not available"));
	said_free(&s);
	study = load(dir, "study.json");
	gone = json_array_get(json_object_get(study, "unavailable"), 0);
	check(text_eq(json_string_value(json_object_get(gone, "sut")), "vm"));
	check(strstr(json_string_value(json_object_get(gone, "why")), "/no/such/qemu"));
	check(strstr(json_string_value(json_object_get(gone, "cure")), "QEMU"));
	check(json_array_size(json_object_get(study, "cells")) == 1);
	json_decref(study);
}

static bool is_left_out(const json_t *study, const char *sut, const char *datapath)
{
	json_t *list = json_object_get(study, "unavailable"), *one;
	size_t i;

	json_array_foreach (list, i, one) {
		const char *way = json_string_value(json_object_get(one, "datapath"));

		if (!text_eq(json_string_value(json_object_get(one, "sut")), sut) || (way && !text_eq(way, datapath)))
			continue;
		printf("not tested: %s over %s: %s\n", sut, datapath, json_string_value(json_object_get(one, "why")));
		return true;
	}
	return false;
}

/* Both workloads of one system got through, and say which it was. */
static void check_carried(const char *dir, const json_t *study, const char *sut, const char *datapath)
{
	const json_t *planned;
	unsigned n = 0;
	size_t i;

	json_array_foreach (json_object_get(study, "cells"), i, planned) {
		char name[32];
		json_t *cell;

		if (!text_eq(json_string_value(json_object_get(planned, "sut")), sut) ||
		    !text_eq(json_string_value(json_object_get(planned, "datapath")), datapath))
			continue;
		(void) text_print(name, sizeof(name), "cells/%04zu.json", i + 1);
		cell = load(dir, name);
		if (!json_is_null(json_object_get(cell, "error")))
			printf("# %s over %s: %s\n", sut, datapath,
			       json_string_value(json_object_get(json_object_get(cell, "error"), "text")));
		check(json_is_null(json_object_get(cell, "error")));
		check(text_eq(json_string_value(json_object_get(cell, "datapath")), datapath));
		check(!json_object_get(cell, "guest_kernel") == !text_eq(sut, "vm"));
		json_decref(cell);
		n++;
	}
	check(n == 2);
}

/* Requests and a stream over every datapath that needs no hardware, or a reason why this machine has it not. */
static void test_every_datapath(void)
{
	static const char text[] = "name: ways\nblocks: 1\nduration: 300ms\nwarmup: 50ms\n"
				   "suts: [native, container, vm]\n"
				   "datapaths: [bridge, host, macvlan, ipvlan, macvtap, vhost-net, macvtap-vhost-net, e1000e]\n"
				   "tunings:\n  - name: stock\ninterference:\n  - name: idle\n"
				   "workloads:\n  - name: tcp-rr\n  - name: tcp-stream\n";
	static const char *const systems[][2] = {
		{ "native", "bridge" },     { "native", "host" },   { "container", "bridge" }, { "container", "host" },
		{ "container", "macvlan" }, { "container", "ipvlan" }, { "vm", "bridge" },     { "vm", "macvtap" },
		{ "vm", "vhost-net" },      { "vm", "macvtap-vhost-net" }, { "vm", "e1000e" },
	};
	const char *words[] = { "study", NULL, "--out", NULL, "--seed", "3", NULL };
	char file[96], dir[96], log[96];
	struct child_end end;
	struct child child;
	json_t *study;

	write_study(in_home(file, sizeof(file), "ways.yaml"), text);
	words[1] = file;
	words[3] = in_home(dir, sizeof(dir), "ways");
	child = vlat_start(words, in_home(log, sizeof(log), "ways.log"));
	check(child_wait(&child, clock_ns() + 1100 * NS_PER_S, &end) == 0);
	check(!end.signalled && end.code == 0);
	study = load(dir, "study.json");
	check(json_integer_value(json_object_get(study, "format")) == 2);
	for (size_t i = 0; i < ARRAY_SIZE(systems); i++)
		if (!is_left_out(study, systems[i][0], systems[i][1]))
			check_carried(dir, study, systems[i][0], systems[i][1]);
	json_decref(study);
	check(runs_left() == 0);
}

static void test_bad_input(void)
{
	static const struct {
		const char *words[8];
		const char *says;
	} cases[] = {
		{ { "study", "welsh", "--plan" }, "welch" },
		{ { "study", "/no/such/study.yaml" }, "/no/such/study.yaml" },
		{ { "study", "--resume", "/no/such/dir" }, "/no/such/dir" },
		{ { "study", "--resume", "/tmp", "--quick" }, "--quick" },
		{ { "study", "welch", "--seed", "0" }, "--seed" },
		{ { "study", "welch", "--out", "/proc/version" }, "not a folder" },
		{ { "study", "welch", "--out", "/proc/no/such" }, "/proc/no" },
		{ { "study", "welch", "--out", "/" }, "not empty" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct said s = vlat(cases[i].words);

		check(said_exit(&s, 2));
		check(said_has(&s, cases[i].says));
		said_free(&s);
	}
}

static void test_bad_file_names_the_line(void)
{
	char file[96];
	struct said s;

	write_study(in_home(file, sizeof(file), "bad.yaml"), "name: bad\ntitle: x\nblokcs: 3\n");
	s = VLAT("study", file, "--plan");
	check(said_exit(&s, 2));
	check(said_has(&s, "blokcs"));
	check(said_has(&s, "3"));
	said_free(&s);
}

static void test_no_root(void)
{
	const char *const words[] = { "study", "welch", NULL };
	struct said s = vlat_as_nobody(words);

	if (s.end.code != 127) {
		check(said_exit(&s, 3));
		check(said_has(&s, "root"));
	}
	said_free(&s);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		e2e_skip("usage: study_levels VLAT");
	program_is(argv[1]);
	e2e_begin("study_levels");
	e2e_alone();
	home_make();
	test_bad_input();
	test_bad_file_names_the_line();
	test_no_root();
	test_newer_format();
	test_rival_tuning();
	test_missing_sut();
	test_every_datapath();
	home_remove();
	e2e_end();
	return 0;
}
