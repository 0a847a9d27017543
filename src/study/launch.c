/* SPDX-License-Identifier: Apache-2.0 */
#include "study/launch.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "study/interference.h"

struct launch {
	struct launch_spec spec;
	struct tuning_level level;
	const struct tuning_host *host;
	struct tuning *tuning;
	struct sut *sut;
	struct interference *load;
};

int launch_up(struct launch **ret, const struct launch_spec *spec, struct sut_kit *kit, const struct tuning_host *host,
	      struct journal *j, struct err *err)
{
	struct launch *l = xalloc(1, sizeof(*l));
	struct err ignored = { 0 };
	int r;

	l->spec = *spec;
	l->host = host;
	l->level = *spec->tuning;
	if (spec->sut.system.kind == SUT_VM) /* huge pages are reserved for a guest only */
		l->level.options.vm_memory_mb = spec->sut.memory_mb ? spec->sut.memory_mb : SUT_MEMORY_MB;
	r = tuning_apply(&l->tuning, &l->level, host, j, err);
	if (r == 0) {
		tuning_placement(l->tuning, &l->spec.sut.place);
		r = sut_start(&l->sut, kit, &l->spec.sut, err);
	}
	if (r == 0)
		l->spec.sut.place = *sut_placement(l->sut);
	if (r == 0 && spec->interference)
		r = interference_start(&l->load, spec->interference, j, err);
	if (r < 0) {
		launch_down(l, true, &ignored); /* the journal keeps what this could not undo */
		return r;
	}
	*ret = l;
	return 0;
}

int launch_down(struct launch *l, bool quick, struct err *err)
{
	int r = 0;

	if (!l)
		return 0;
	interference_stop(l->load);
	sut_stop(l->sut, quick);
	if (l->tuning)
		r = tuning_revert(l->tuning, err);
	tuning_free(l->tuning);
	free(l);
	return r;
}

bool launch_usable(const struct launch *l)
{
	struct err ignored = { 0 };

	return sut_usable(l->sut) && interference_check(l->load, &ignored) == 0;
}

const struct placement *launch_placement(const struct launch *l)
{
	return &l->spec.sut.place;
}

/* The CPUs whose disturbance matters: where the two ends are confined to, else all. */
static struct cpuset measured_cpus(const struct launch *l)
{
	const struct placement *p = &l->spec.sut.place;

	return cpuset_empty(&p->sut_cpus) ? (struct cpuset){ 0 } : cpuset_or(&p->sut_cpus, &p->peer_cpus);
}

static int look_after(struct launch *l, struct launch_result *got, struct err *err)
{
	int r = interference_check(l->load, err);

	if (r < 0)
		return r;
	got->facts = sut_facts(l->sut);
	got->changed_since = tuning_verify(l->tuning, err);
	if (got->changed_since < 0)
		return got->changed_since;
	got->plan = tuning_json(l->tuning);
	return got->facts && got->plan ? 0 : err_set(err, -ENOMEM, "no memory for the facts of a cell");
}

int launch_measure(struct launch *l, const struct job *job, const struct pair_progress *progress, struct launch_result *ret,
		   struct err *err)
{
	AUTO_FREE struct steal_sample *samples = xalloc(2, sizeof(*samples));
	struct cpuset cpus = measured_cpus(l);
	struct launch_result got = { 0 };
	int r;

	r = steal_read(&l->host->fs, &samples[0], err);
	if (r == 0)
		r = sut_measure(l->sut, job, progress, &got.records, err);
	if (r == 0)
		r = steal_read(&l->host->fs, &samples[1], err);
	if (r == 0) {
		steal_diff(&samples[0], &samples[1], &cpus, &got.steal);
		r = look_after(l, &got, err);
	}
	if (r < 0) {
		launch_result_free(&got);
		return r;
	}
	*ret = got;
	return 0;
}

void launch_result_free(struct launch_result *r)
{
	measurement_free(&r->records);
	json_decref(r->facts);
	json_decref(r->plan);
	*r = (struct launch_result){ 0 };
}
