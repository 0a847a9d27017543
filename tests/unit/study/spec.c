/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "study/spec.h"
#include "study/yaml_line.h"
#include "workload/workload.h"

#define HEAD  "name: t\nblocks: 2\n"
#define SUTS  "suts: [native, vm]\n"
#define TUNE  "tunings:\n  - name: stock\n  - name: vlat\n"
#define LOAD  "interference:\n  - name: idle\n"
#define WORK  "workloads:\n  - name: tcp-rr\n    aa: true\n  - name: wakeup\n    interval: 250us\n"

static struct study_spec *parse(const char *yaml, bool quick, struct err *err)
{
	struct study_spec *s = NULL;

	spec_parse(&s, yaml, strlen(yaml), "t.yaml", quick, err);
	return s;
}

static void a_whole_file_is_read(void **state)
{
	struct err err = { 0 };
	struct study_spec *s = parse(HEAD "duration: 500ms\nwarmup: 0\n" SUTS
					  "tunings:\n  - name: stock\n  - name: vlat\n    except: [mem.thp]\n"
					  "  - name: other\n    apply: [tuned-adm, profile, x]\n    revert: [tuned-adm, 'off']\n"
					  "interference:\n  - name: idle\n  - name: busy\n  - name: io\n    command: [stress-ng, --hdd, '1']\n" WORK
					  "vm:\n  memory: 512M\n  vcpus: 2\npeer: other\n",
				     false, &err);

	(void) state;
	if (!s)
		fail_msg("%s", err.text);
	assert_int_equal(s->blocks, 2);
	assert_int_equal(s->n_systems, 2);
	assert_int_equal(s->systems[1].kind, SUT_VM);
	assert_int_equal(s->tunings[0].kind, TUNING_STOCK);
	assert_string_equal(s->tunings[1].options.except[0], "mem.thp");
	assert_null(s->tunings[1].options.except[1]);
	assert_int_equal(s->tunings[2].kind, TUNING_COMMANDS);
	assert_string_equal(s->tunings[2].apply[2], "x");
	assert_null(s->tunings[2].apply[3]);
	assert_string_equal(s->tunings[2].revert[1], "off");
	assert_null(s->loads[0].argv);
	assert_string_equal(s->loads[1].argv[1], "stress-ng");
	assert_string_equal(s->loads[2].argv[1], "--hdd");
	assert_true(s->workloads[0].aa);
	assert_int_equal(s->workloads[1].job.interval_us, 250);
	assert_true(s->workloads[1].job.duration_s > 0.49 && s->workloads[1].job.duration_s < 0.51);
	assert_int_equal(s->vm_memory_mb, 512);
	assert_int_equal(s->vm_vcpus, 2);
	assert_int_equal(s->peer_policy, PEER_OTHER);
	spec_free(s);
}

static void quick_replaces_blocks_and_times(void **state)
{
	const char *yaml = HEAD SUTS TUNE LOAD WORK "quick:\n  blocks: 1\n  duration: 100ms\n";
	struct err err = { 0 };
	struct study_spec *s = parse(yaml, true, &err);

	(void) state;
	assert_non_null(s);
	assert_int_equal(s->blocks, 1);
	assert_true(s->workloads[0].job.duration_s < 0.11);
	spec_free(s);
}

static void the_json_names_every_level(void **state)
{
	struct err err = { 0 };
	struct study_spec *s = parse(HEAD SUTS TUNE LOAD WORK, false, &err);
	json_t *j = spec_json(s), *factors = json_object_get(j, "factors");

	(void) state;
	assert_string_equal(json_string_value(json_array_get(json_object_get(factors, "sut"), 1)), "vm");
	assert_int_equal(json_array_size(json_object_get(j, "aa")), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(j, "aa"), 0), "workload")), "tcp-rr");
	assert_int_equal(json_integer_value(json_object_get(j, "blocks")), 2);
	json_decref(j);
	spec_free(s);
}

static void bad_files_get_a_sentence_with_the_line(void **state)
{
	static const struct {
		const char *yaml, *says;
	} rows[] = {
		{ HEAD SUTS TUNE LOAD WORK "blockz: 3\n", "t.yaml: line 14: Unexpected key: blockz" },
		{ "name: t\nblocks: ten\n", "t.yaml: line 2: Invalid" },
		{ "name: t\nblocks: 0\n" SUTS TUNE LOAD WORK, "t.yaml: line 2: blocks is 0" },
		{ "name: t\nblocks: 2\nduration: -3s\n" SUTS TUNE LOAD WORK, "t.yaml: line 3: duration '-3s'" },
		{ "name: t\nblocks: 2\nduration: 1000h\n" SUTS TUNE LOAD WORK, "t.yaml: line 3: duration '1000h'" },
		{ HEAD "suts: [natve]\n" TUNE LOAD WORK, "t.yaml: line 3: " },
		{ HEAD "suts: [vm, vm]\n" TUNE LOAD WORK, "is there twice" },
		{ HEAD SUTS "tunings:\n  - name: tuned\n    apply: [a]\n" LOAD WORK, "t.yaml: line 5: the tuning 'tuned'" },
		{ HEAD SUTS "tunings:\n  - name: ../x\n" LOAD WORK, "is no name" },
		{ HEAD SUTS TUNE "interference:\n  - name: noisy\n" WORK, "needs command" },
		{ HEAD SUTS TUNE "interference:\n  - name: idle\n    command: [x]\n" WORK, "'idle' is no load" },
		{ HEAD SUTS TUNE LOAD "workloads:\n  - name: tcp-rrr\n", "tcp-rr" },
		{ HEAD SUTS TUNE LOAD "workloads:\n  - name: tcp-stream\n    rate: 5\n", "t.yaml: line 11: " },
		{ HEAD SUTS TUNE LOAD "workloads:\n  - name: tcp-rr\n    timeout: 5s\n", "line 11: tcp-rr takes no timeout" },
		/* The same word on an earlier line is somebody else's. */
		{ "name: t # interval: 5us\nblocks: 2\n" SUTS TUNE LOAD "workloads:\n  - name: wakeup\n    interval: 5us\n", "line 10: " },
		{ HEAD SUTS TUNE LOAD WORK "vm:\n  vcpus: 1\n  duration: 2s\n", "t.yaml: line 16: Unexpected key: duration" },
		{ HEAD SUTS TUNE LOAD "workloads:\n  - name: tcp-rr\n  - name: wakeup\n    name-of: x\n", "line 12: Unexpected key: name-of" },
		{ HEAD SUTS TUNE LOAD "workloads:\n  - name: vmexit\n", "line 10: vmexit measures the host itself" },
		{ HEAD SUTS TUNE LOAD "workloads:\n  - name: tcp-rr\n    set: 4M\n", "line 11: tcp-rr takes no set" },
		{ HEAD SUTS TUNE LOAD "workloads:\n  - name: memory\n    set-pages: 3m\n", "line 11: set-pages '3m'" },
		{ HEAD SUTS TUNE LOAD "workloads:\n  - name: memory\n    set: much\n", "line 11: set 'much'" },
		{ HEAD SUTS "datapaths: [brige]\n" TUNE LOAD WORK, "t.yaml: line 4: " },
		{ HEAD SUTS "datapaths: [bridge, brige]\n" TUNE LOAD WORK, "bridge" },
		{ HEAD SUTS "datapaths: [bridge, macvlan]\n" TUNE LOAD WORK, "no system under test of this study can have" },
		{ HEAD SUTS "datapaths: [macvtap]\n" TUNE LOAD WORK, "native can have none of these datapaths" },
		{ HEAD SUTS "datapaths: [bridge, bridge]\n" TUNE LOAD WORK, "is there twice for native" },
		{ HEAD SUTS TUNE LOAD WORK "vm:\n  datapaths: [macvlan]\n", "t.yaml: line 15: " },
		{ HEAD SUTS "guest-kernels: [standard, rtt]\n" TUNE LOAD WORK, "line 4: no guest kernel is called 'rtt' (did you mean 'rt'?)" },
		{ HEAD SUTS "pages: [4k, 4k]\n" TUNE LOAD WORK, "pages has '4k' twice" },
		{ HEAD SUTS "pages: [4k]\n" TUNE LOAD WORK "vm:\n  pages: 2m\n", "line 16: vm.pages is given beside the list pages" },
		{ HEAD "suts: [native]\npages: [4k]\n" TUNE LOAD WORK, "t.yaml: line 4: pages mean nothing without vm" },
		{ HEAD SUTS TUNE LOAD WORK "vm:\n  pages: 3m\n", "t.yaml: line 15: no size of pages is called '3m'" },
		{ HEAD SUTS TUNE LOAD "workloads:\n  - name: tcp-rr\n    rate: -5\n", "rate" },
		{ HEAD SUTS TUNE LOAD "workloads:\n  - name: wakeup\n    request-bytes: 5\n", "t.yaml: line 11: wakeup takes no request-bytes" },
		{ HEAD SUTS TUNE LOAD "workloads:\n  - name: tcp-rr\n    direction: up\n", "tcp-rr takes no direction" },
		{ HEAD SUTS TUNE LOAD "workloads:\n  - name: tcp-rr\n    interval: 1ms\n", "tcp-rr takes no interval" },
		{ HEAD SUTS "tunings:\n  - name: stock\n    only: [x]\n" LOAD WORK, "'stock' is built in as it is" },
		{ HEAD SUTS "tunings:\n  - name: vlat\n    apply: [a]\n    revert: [b]\n" LOAD WORK, "'vlat' is built in as it is" },
		{ HEAD SUTS "tunings:\n  - name: t\n    apply: [a]\n    revert: [b]\n    allow-insecure: true\n" LOAD WORK, "mean nothing" },
		{ "# x\n---\n" HEAD SUTS TUNE LOAD WORK "---\nname: u\n", "t.yaml: line 16: a second document" },
		{ HEAD SUTS TUNE LOAD WORK "vm:\n  memory: 1M\n", "memory '1M'" },
		{ HEAD SUTS TUNE LOAD WORK "peer: sometimes\n", "peer 'sometimes'" },
		{ "", "empty" },
		{ "- a\n", "MAPPING" },
		{ "name: t\n", "blocks" },
		{ "name: [\n", "t.yaml" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = { 0 };
		struct study_spec *s = parse(rows[i].yaml, false, &err);

		assert_null(s);
		assert_true(err.code < 0);
		if (!strstr(err.text, rows[i].says))
			fail_msg("row %zu: wanted \"%s\" in \"%s\"", i, rows[i].says, err.text);
	}
}

static void the_shipped_studies_are_sound(void **state)
{
	static const struct {
		const char *path;
		size_t cells, quick_cells;
	} rows[] = {
		{ SOURCE_ROOT "/data/studies/welch.yaml", 240, 72 },
		{ SOURCE_ROOT "/data/studies/interference.yaml", 300, 90 },
		{ SOURCE_ROOT "/data/studies/datapaths.yaml", 350, 105 },
		{ SOURCE_ROOT "/data/studies/guest-kernel.yaml", 100, 30 },
		{ SOURCE_ROOT "/data/studies/pages.yaml", 70, 21 },
	};

	(void) state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct matrix_spec shape;
		struct study_spec *s;
		struct err err = { 0 };
		bool *aa;

		if (spec_load(&s, rows[i / 2].path, i % 2, &err) < 0)
			fail_msg("%s", err.text);
		spec_matrix(s, 1, &shape, &aa);
		assert_int_equal(matrix_size(&shape), i % 2 ? rows[i / 2].quick_cells : rows[i / 2].cells);
		free(aa);
		spec_free(s);
	}
}

static void every_sut_has_the_datapaths_that_are_its_own(void **state)
{
	static const char *const wanted[] = { "native bridge", "native host", "container macvlan",
					      "vm bridge standard 4k", "vm bridge standard 2m", "vm bridge rt 4k", "vm bridge rt 2m",
					      "vm macvtap standard 4k", "vm macvtap standard 2m", "vm macvtap rt 4k",
					      "vm macvtap rt 2m" };
	struct err err = { 0 };
	struct study_spec *s = parse(HEAD "suts: [native, container, vm]\ndatapaths: [bridge, macvtap, host]\n"
					  "container: { datapaths: [\"macvlan,dev=eth1\"] }\n"
					  "guest-kernels: [standard, rt]\npages: [4k, 2m]\n" TUNE LOAD WORK,
				     false, &err);
	struct matrix_spec shape;
	bool *aa;

	(void) state;
	if (!s)
		fail_msg("%s", err.text);
	assert_int_equal(s->n_systems, ARRAY_SIZE(wanted));
	for (unsigned i = 0; i < s->n_systems; i++) {
		const struct sut_system *y = &s->systems[i];
		char text[96];

		(void) text_print(text, sizeof(text), "%s %s%s%s%s%s", sut_kind_name(y->kind), sut_datapath(y),
				  *sut_guest_kernel(y) ? " " : "", sut_guest_kernel(y), *sut_guest_pages(y) ? " " : "",
				  sut_guest_pages(y));
		assert_string_equal(text, wanted[i]);
	}
	assert_string_equal(s->systems[2].datapath, "macvlan,dev=eth1");
	assert_true(spec_varies(s, SPEC_DATAPATH) && spec_varies(s, SPEC_GUEST_KERNEL) && spec_varies(s, SPEC_PAGES));
	assert_true(spec_whole_kernel(s)); /* both kernels are measured */
	spec_matrix(s, 1, &shape, &aa);
	for (unsigned i = 0; i < s->n_systems; i++) /* a pair for the first of each SUT */
		assert_int_equal(shape.aa_systems[i], i == 0 || i == 2 || i == 3);
	free(aa);
	spec_free(s);
}

static void the_json_names_the_levels_of_systems(void **state)
{
	struct err err = { 0 };
	struct study_spec *s = parse(HEAD SUTS "datapaths: [bridge, e1000e]\nguest-kernels: [rt]\n" TUNE LOAD WORK, false, &err);
	AUTO_JSON json_t *j = s ? spec_json(s) : NULL, *system = s ? spec_system_json(&s->systems[2]) : NULL;
	const json_t *factors = json_object_get(j, "factors");
	char text[64];

	(void) state;
	if (!s)
		fail_msg("%s", err.text);
	assert_int_equal(json_array_size(json_object_get(factors, "datapath")), 2);
	assert_string_equal(json_string_value(json_array_get(json_object_get(factors, "guest_kernel"), 0)), "rt");
	assert_string_equal(json_string_value(json_array_get(json_object_get(factors, "pages"), 0)), "tuning");
	assert_string_equal(json_string_value(json_object_get(system, "datapath")), "e1000e");
	assert_string_equal(json_string_value(json_object_get(system, "guest_kernel")), "rt");
	assert_string_equal(spec_system_text(s, &s->systems[2], text, sizeof(text)), "vm, e1000e");
	assert_null(json_object_get(j, "duration_s")); /* each workload has its own */
	assert_true(spec_whole_kernel(s));
	spec_free(s);
}

static void lines_are_found_by_path(void **state)
{
	static const char yaml[] = "a: 1\nb:\n  - x: 1\n    y: 2\n  - x: 3\n    y:\n      [p,\n       q]\nc: { d: 4,\n  e: 5 }\n";
	static const struct {
		const char *path;
		unsigned line;
	} rows[] = { { "a", 1 },      { "b", 2 },      { "b[0]", 3 }, { "b[0].y", 4 }, { "b[1].x", 5 }, { "b[1].y", 6 },
		     { "b[1].y[1]", 8 }, { "c.e", 10 }, { "y", 0 },    { "b[2]", 0 },   { "c.f", 0 },    { "", 0 } };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (yaml_line_of(yaml, strlen(yaml), rows[i].path) != rows[i].line)
			fail_msg("%s: line %u", rows[i].path, yaml_line_of(yaml, strlen(yaml), rows[i].path));
	assert_int_equal(yaml_line_of("a: [", 4, "b"), 0);
}

static void suts_that_are_not_there_are_left_out(void **state)
{
	static const bool keep[] = { false, true };
	struct err err = { 0 };
	struct study_spec *s = parse(HEAD SUTS TUNE LOAD WORK, false, &err);

	(void) state;
	spec_keep_systems(s, keep);
	assert_int_equal(s->n_systems, 1);
	assert_int_equal(s->systems[0].kind, SUT_VM);
	spec_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_file_is_read),
		cmocka_unit_test(quick_replaces_blocks_and_times),
		cmocka_unit_test(the_json_names_every_level),
		cmocka_unit_test(bad_files_get_a_sentence_with_the_line),
		cmocka_unit_test(the_shipped_studies_are_sound),
		cmocka_unit_test(every_sut_has_the_datapaths_that_are_its_own),
		cmocka_unit_test(the_json_names_the_levels_of_systems),
		cmocka_unit_test(lines_are_found_by_path),
		cmocka_unit_test(suts_that_are_not_there_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
