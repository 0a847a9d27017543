/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are only looked at: running containers, by their control groups. */
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/vec.h"
#include "knob/internal.h"
#include "knob/look.h"
#include "knob/vm_cure.h"

/* How its engine's commands take it; systemd's take the unit, a scope or a service. */
static char *handle(const struct container_fact *one)
{
	const char *slash = strrchr(one->path, '/');

	if (container_engine(one) == ENGINE_NSPAWN && slash)
		return xstrdup(slash + 1);
	if (one->name[0])
		return xstrdup(one->name);
	return strlen(one->id) == 64 ? xprintf("%.12s", one->id) : xstrdup(one->id);
}

static void add_cures(const char *id, const struct container_fact *one, struct settings *out, size_t from)
{
	const char *cure = container_cure(id, container_engine(one));

	for (size_t i = from; cure && i < out->n; i++) {
		out->at[i].cure = cure;
		if (strstr(cure, "@name"))
			out->at[i].whose = handle(one);
	}
}

static bool is_asked_for(const struct knob_ctx *c, const struct container_fact *one)
{
	const char *only = c->look->only_container;

	return !only || text_eq(one->name, only) || text_starts(one->id, only);
}

typedef void ctr_fn(const struct knob_ctx *c, const struct container_fact *one, const char *target, struct settings *out);

static int each_container(const struct knob *k, const struct knob_ctx *c, struct settings *out, ctr_fn *fn)
{
	const struct containers *all = look_containers(c);

	for (size_t i = 0; i < all->n; i++) {
		const struct container_fact *one = &all->at[i];
		size_t from = out->n;
		char target[96];

		if (!is_asked_for(c, one))
			continue;
		text_print(target, sizeof(target), "%s %s %.12s%s%.40s%s", one->engine, one->pod ? "pod container" : "container",
			   one->id, one->name[0] ? " (" : "", one->name, one->name[0] ? ")" : "");
		fn(c, one, target, out);
		add_cures(k->id, one, out, from);
	}
	if (out->n == 0)
		list_absent(out, "containers", all->n ? "their groups do not have it" : "none runs here");
	return 0;
}

static int read_ctr(const struct knob_ctx *c, const struct cgroup_home *home, const struct container_fact *one, const char *file,
		    char *buf, size_t cap)
{
	return home->version ? fs_readf(c->fs, buf, cap, "%s%s/%s", home->dir, one->path, file) : -1;
}

/* "nr_throttled 12" of cpu.stat; 0 when it does not say. */
static uint64_t throttled(const struct knob_ctx *c, const struct container_fact *one)
{
	char text[1024];
	const char *at;
	uint64_t n = 0;

	if (read_ctr(c, &c->facts->cgroup.cpu, one, "cpu.stat", text, sizeof(text)) <= 0 || !(at = strstr(text, "nr_throttled ")))
		return 0;
	at += strlen("nr_throttled ");
	take_u64(&at, &n);
	return n;
}

static void ctr_quota(const struct knob_ctx *c, const struct container_fact *one, const char *target, struct settings *out)
{
	const struct cgroup_home *cpu = &c->facts->cgroup.cpu;
	char quota[64], now[128];
	bool free_to_run;

	if (read_ctr(c, cpu, one, cpu->version == 2 ? "cpu.max" : "cpu.cfs_quota_us", quota, sizeof(quota)) <= 0)
		return;
	free_to_run = text_starts(quota, cpu->version == 2 ? "max" : "-1");
	text_print(now, sizeof(now), free_to_run ? "no quota" : "quota %s, stopped by it %llu times", quota,
		   (unsigned long long) throttled(c, one));
	look_says(out, free_to_run, target, now, "no quota");
}

static int check_ctr_quota(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_container(k, c, out, ctr_quota);
}

static bool ctr_cpus(const struct knob_ctx *c, const struct container_fact *one, struct cpuset *ret)
{
	const struct cgroup_home *home = &c->facts->cgroup.cpuset;
	char text[VALUE_MAX];

	return read_ctr(c, home, one, home->version == 2 ? "cpuset.cpus.effective" : "cpuset.cpus", text, sizeof(text)) >= 0 &&
	       cpuset_parse_list(text, ret) == 0 && !cpuset_empty(ret);
}

/* An ordinary container keeps house, a latency container has isolated CPUs; one that may use both disturbs and is disturbed. */
static void ctr_cpuset(const struct knob_ctx *c, const struct container_fact *one, const char *target, struct settings *out)
{
	char now[VALUE_MAX + 16], list[VALUE_MAX];
	struct cpuset cpus, both;

	if (!ctr_cpus(c, one, &cpus))
		return;
	both = cpuset_and(&cpus, &c->split->isolated);
	text_print(now, sizeof(now), "CPUs %s", cpuset_list(&cpus, list, sizeof(list)));
	look_says(out, cpuset_empty(&both) || cpuset_equal(&both, &cpus), target, now,
		  "housekeeping CPUs only, or isolated CPUs only");
}

static int check_ctr_cpuset(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_container(k, c, out, ctr_cpuset);
}

/* On CPUs set apart, those of another container are too many. */
static void ctr_overlap(const struct knob_ctx *c, const struct container_fact *one, const char *target, struct settings *out)
{
	const struct containers *all = look_containers(c);
	char list[VALUE_MAX], now[VALUE_MAX];
	struct cpuset cpus, other, both;

	if (!ctr_cpus(c, one, &cpus) || !cpuset_within(&cpus, &c->split->isolated))
		return;
	for (size_t i = 0; i < all->n; i++) {
		const struct container_fact *o = &all->at[i];

		if (o == one || !ctr_cpus(c, o, &other) || (both = cpuset_and(&cpus, &other), cpuset_empty(&both)))
			continue;
		text_print(now, sizeof(now), "CPUs %s are those of %.40s too", cpuset_list(&both, list, sizeof(list)),
			   o->name[0] ? o->name : o->id);
		look_says(out, false, target, now, "CPUs of its own");
		return;
	}
	text_print(now, sizeof(now), "CPUs %s", cpuset_list(&cpus, list, sizeof(list)));
	look_says(out, true, target, now, "CPUs of its own");
}

static int check_ctr_overlap(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_container(k, c, out, ctr_overlap);
}

static void ctr_rt(const struct knob_ctx *c, const struct container_fact *one, const char *target, struct settings *out)
{
	char text[32], now[48];

	if (c->facts->cgroup.cpu.version != 1 ||
	    read_ctr(c, &c->facts->cgroup.cpu, one, "cpu.rt_runtime_us", text, sizeof(text)) <= 0)
		return;
	text_print(now, sizeof(now), "%s us in each period", text);
	look_says(out, !text_eq(text, "0"), target, now, "a budget, where its threads are real-time");
}

static int check_ctr_rt(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_container(k, c, out, ctr_rt);
}

/* Memory of other nodes than its CPUs': only where there are several. */
static void ctr_mems(const struct knob_ctx *c, const struct container_fact *one, const char *target, struct settings *out)
{
	const struct cgroup_home *home = &c->facts->cgroup.cpuset;
	bool v2 = home->version == 2;
	char cpus_text[VALUE_MAX], mems_text[VALUE_MAX], now[VALUE_MAX], want[VALUE_MAX];
	struct cpuset cpus, mems, near = { 0 };

	if (c->facts->cpu.n_nodes < 2 ||
	    read_ctr(c, home, one, v2 ? "cpuset.cpus.effective" : "cpuset.cpus", cpus_text, sizeof(cpus_text)) < 0 ||
	    read_ctr(c, home, one, v2 ? "cpuset.mems.effective" : "cpuset.mems", mems_text, sizeof(mems_text)) < 0 ||
	    cpuset_parse_list(cpus_text, &cpus) < 0 || cpuset_parse_list(mems_text, &mems) < 0)
		return;
	for (int n = -1; (n = cpuset_next(&cpus, n)) >= 0;) {
		const struct cpu_fact *f = cpu_fact(&c->facts->cpu, (unsigned) n);

		if (f && f->node >= 0)
			cpuset_add(&near, (unsigned) f->node);
	}
	look_says(out, cpuset_within(&mems, &near), target, cpuset_list(&mems, now, sizeof(now)),
		  cpuset_list(&near, want, sizeof(want)));
}

static int check_ctr_mems(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) err;
	return each_container(k, c, out, ctr_mems);
}

static const struct knob rows[] = {
	{
		.id = "ctr.cpuset",
		.title = "containers stay on one side",
		.why = "a container that may use isolated and housekeeping CPUs disturbs the first and is disturbed on the "
		       "others",
		.cost = "each has fewer CPUs",
		.source = "Documentation/admin-guide/cgroup-v2.rst, cpuset",
		.of_container = true,
		ROLES(LEAVE, W("*", 6), LEAVE, W("*", 5)),
		.check = check_ctr_cpuset,
		.cure = "docker update --cpuset-cpus=@house ID (podman update too), @iso for the one that latency is for; "
			"Kubernetes: CPU manager policy static, and whole CPUs with requests equal to limits",
	},
	{
		.id = "ctr.mems",
		.title = "containers use memory of their own node",
		.why = "each miss of the cache that goes to another node takes about twice as long",
		.cost = "less memory to choose from",
		.source = "Documentation/admin-guide/cgroup-v2.rst, cpuset.mems",
		.of_container = true,
		ROLES(LEAVE, W("*", 4), LEAVE, W("*", 4)),
		.check = check_ctr_mems,
		.cure = "docker or podman run --cpuset-mems=NODE; Kubernetes: topology manager policy single-numa-node",
	},
	{
		.id = "ctr.overlap",
		.title = "containers on isolated CPUs do not share them",
		.why = "two containers with the same isolated CPUs take turns on them: each waits for the other",
		.cost = "each container has fewer CPUs",
		.source = "Documentation/admin-guide/cgroup-v2.rst, cpuset",
		.of_container = true,
		ROLES(LEAVE, W("*", 6), LEAVE, W("*", 5)),
		.check = check_ctr_overlap,
		.cure = "docker update --cpuset-cpus=LIST ID (podman update too), CPUs of @iso that no other has; Kubernetes: "
			"CPU manager policy static",
	},
	{
		.id = "ctr.quota",
		.title = "containers have no CPU quota",
		.why = "a container that has used its share stands still until the next period: tens of milliseconds",
		.cost = "no hard limit on what it uses; weights still share fairly",
		.source = "Documentation/admin-guide/cgroup-v2.rst, cpu.max; Documentation/scheduler/sched-bwc.rst",
		.of_container = true,
		ROLES(LEAVE, W("*", 7), LEAVE, W("*", 6)),
		.check = check_ctr_quota,
		.cure = "docker update --cpu-quota=-1 ID (podman update too; no --cpus); Kubernetes: no CPU limit, or with "
			"CRI-O the annotation cpu-quota.crio.io: disable",
	},
	{
		.id = "ctr.rt_budget",
		.title = "containers may have real-time threads",
		.why = "with RT group scheduling a group without a budget is refused any real-time thread",
		.cost = "the budget is taken from the parent's",
		.source = "Documentation/scheduler/sched-rt-group.rst",
		.of_container = true,
		ROLES(LEAVE, W("?", 0), LEAVE, W("*", 5)),
		.check = check_ctr_rt,
		.cure = "docker or podman run --cpu-rt-runtime=950000 --ulimit rtprio=99 --cap-add=sys_nice, with a budget in "
			"the parent group",
	},
};

LOOK_ROWS(look_container, rows);
