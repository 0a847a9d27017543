/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a fixture: study.json with its whole order, and the cells that were made. */
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fixture_cell.h"

static json_t *names(const char *const *at, size_t most)
{
	json_t *a = json_array();

	for (size_t i = 0; i < most && at[i]; i++)
		json_array_append_new(a, json_string(at[i]));
	return a;
}

/* Every combination of one block, and the second arm of the A/A pair; their number. */
static size_t block_of(const struct fixture *f, unsigned block, struct place *ret)
{
	struct place p = { .block = block, .arm = "main" };
	size_t n = 0;

	for (size_t s = 0; (p.sut = f->suts[s]); s++)
		for (size_t i = 0; (p.interference = f->interferences[i]); i++)
			for (size_t w = 0; (p.workload = f->workloads[w]); w++)
				for (size_t l = 0; (p.level = f->levels[l].name); l++)
					ret[n++] = p;
	if (f->aa_sut)
		ret[n++] = (struct place){ .sut = f->aa_sut,
					   .interference = f->interferences[0],
					   .workload = "tcp-rr",
					   .level = f->levels[0].name,
					   .arm = "aa",
					   .block = block };
	return n;
}

static void shuffle(struct place *p, size_t n, struct random *rng)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = (size_t) (fixture_uniform(rng) * (double) i);
		struct place swap = p[i - 1];

		p[i - 1] = p[k];
		p[k] = swap;
	}
}

static json_t *host(void)
{
	return json_pack(
		"{s:s, s:s, s:{s:s, s:i, s:i, s:i, s:s, s:b}, s:{s:s, s:s, s:b, s:s, s:b, s:s}, s:{s:I}, s:s, s:s, s:b, s:s}",
		"hostname", "lab", "os", "Debian GNU/Linux 12 (bookworm)", "cpu", "model", "Example Processor 9000", "cpus", 2,
		"cores", 2, "nodes", 1, "online", "0-1", "smt", 0, "kernel", "release", "6.18.0-example", "preempt", "voluntary",
		"realtime", 0, "clocksource", "tsc", "virtual_machine", 1, "hypervisor", "KVM", "memory", "total_bytes",
		(json_int_t) 8 << 30, "cgroup", "v2", "governor", "", "kvm_device", 1, "other_tuners", "");
}

static json_t *levels(const struct fixture *f)
{
	json_t *j = json_object();

	for (size_t i = 0; f->levels[i].name; i++) {
		json_t *level = json_pack("{s:o}", "plan", f->levels[i].has_plan ? fixture_plan(f) : json_null());

		if (f->levels[i].apply) {
			json_object_set_new(level, "apply", json_pack("[s]", f->levels[i].apply));
			json_object_set_new(level, "revert", json_pack("[s]", "true"));
		}
		json_object_set_new(j, f->levels[i].name, level);
	}
	return j;
}

static json_t *factors(const struct fixture *f)
{
	json_t *tuning = json_array();

	for (size_t i = 0; f->levels[i].name; i++)
		json_array_append_new(tuning, json_string(f->levels[i].name));
	return json_pack("{s:o, s:o, s:o, s:o}", "sut", names(f->suts, 4), "tuning", tuning, "interference",
			 names(f->interferences, 3), "workload", names(f->workloads, 4));
}

static json_t *study(const struct fixture *f, json_t *cells)
{
	json_t *j = json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:i, s:b, s:f, s:f, s:o, s:[], s:o, s:[], s:o, s:o}", "format", 1,
			      "vlat", "0.1.0", "study", f->name, "title", f->title, "created", "2026-11-22T16:40:00Z", "seed", 7,
			      "blocks", (int) f->blocks, "quick", f->quick, "duration_s", 2.0, "warmup_s", 0.3, "factors",
			      factors(f), "aa", "cells", cells, "unavailable", "host", host(), "tunings", levels(f));

	if (f->aa_sut)
		json_array_append_new(json_object_get(j, "aa"),
				      json_pack("{s:s, s:s, s:s, s:s}", "sut", f->aa_sut, "workload", "tcp-rr", "tuning",
						f->levels[0].name, "interference", f->interferences[0]));
	if (f->unavailable)
		json_array_append_new(json_object_get(j, "unavailable"),
				      json_pack("{s:s, s:s, s:s}", "sut", f->unavailable, "why",
						"qemu-system-x86_64 is not on PATH", "cure", "apt-get install qemu-system-x86"));
	return j;
}

static int save(const char *dir, const char *name, json_t *j)
{
	char path[4096];
	int r;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	r = json_dump_file(j, path, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	json_decref(j);
	return r < 0 ? -EIO : 0;
}

int fixture_write(const struct fixture *f, const char *dir)
{
	struct random rng = { .at = 7 };
	json_t *order = json_array();
	struct place places[64];
	unsigned id = 0;
	char path[4096];
	int r;

	snprintf(path, sizeof(path), "%s/cells", dir);
	if ((mkdir(dir, 0755) < 0 && errno != EEXIST) || (mkdir(path, 0755) < 0 && errno != EEXIST))
		return -errno;
	for (unsigned block = 1; block <= f->blocks; block++) {
		size_t n = block_of(f, block, places);

		shuffle(places, n, &rng);
		for (size_t i = 0; i < n; i++) {
			places[i].id = ++id;
			json_array_append_new(order, fixture_place_json(&places[i]));
			snprintf(path, sizeof(path), "cells/%04u.json", id);
			r = f->made && id > f->made ? 0 : save(dir, path, fixture_cell(f, &places[i]));
			if (r < 0)
				return r;
		}
	}
	return save(dir, "study.json", study(f, order));
}
