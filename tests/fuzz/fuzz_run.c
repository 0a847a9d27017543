/* SPDX-License-Identifier: Apache-2.0 */
/* What `vlat run` reads that others wrote: a run's record, --cpus, an engine's word about an image, a bundle's config.json. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "container/oci.h"
#include "run/choose.h"
#include "run/image.h"
#include "run/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read comes out as it went in. */
static void record(const json_t *o)
{
	struct run_record first, second;
	struct err e = { 0 };
	json_t *again;

	if (run_record_parse(o, &first, &e) < 0)
		return;
	again = run_record_json(&first);
	if (run_record_parse(again, &second, &e) < 0 || strcmp(first.name, second.name) != 0 || first.pid != second.pid ||
	    !cpuset_equal(&first.cpus, &second.cpus))
		abort();
	json_decref(again);
}

/* An adapted bundle has our control group, or it was refused with a sentence. */
static void bundle(json_t *o)
{
	static const char *const env[] = { "VLAT_RUN=x", NULL };
	const struct oci_spec spec = { .cgroup = "/vlat-x/c0", .env = env, .netns = "/run/netns/x" };
	struct err e = { 0 };

	if (oci_adapt(o, &spec, "/bundle", &e) < 0) {
		if (!e.text[0])
			abort();
		return;
	}
	if (!json_is_string(json_object_get(json_object_get(o, "linux"), "cgroupsPath")))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = strndup((const char *) data, size);
	struct cpu_wish wish;
	struct image image;
	struct err e = { 0 };
	json_t *o = NULL;

	if (!text)
		return 0;
	if (cpu_wish_parse(text, &wish, &e) == 0 && wish.count == 0 && cpuset_empty(&wish.these))
		abort();
	if (image_parse(text, strlen(text), &image, &e) == 0)
		image_free(&image);
	if (jx_parse(text, strlen(text), "input", &o, &e) == 0) {
		record(o);
		bundle(o);
	}
	json_decref(o);
	return 0;
}
