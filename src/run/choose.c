/* SPDX-License-Identifier: Apache-2.0 */
#include "run/choose.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

int cpu_wish_parse(const char *text, struct cpu_wish *ret, struct err *err)
{
	struct cpu_wish w = { 0 };
	size_t len = strlen(text);
	uint64_t count;
	char list[1024];
	int r;

	if (text_u64(text, &count) == 0) {
		if (count < 1 || count >= CPUSET_MAX)
			return err_set(err, -EINVAL, "--cpus %.40s: a number of CPUs from 1 on, or a list such as 2-3,5", text);
		*ret = (struct cpu_wish){ .count = (unsigned) count };
		return 0;
	}
	if (text_print(list, sizeof(list), "%s", text))
		return err_set(err, -EINVAL, "--cpus: a list of %zu bytes is too long", len);
	if (len > 1 && list[len - 1] == ',') /* "2,": CPU 2, not two CPUs */
		list[len - 1] = '\0';
	r = cpuset_parse_list(list, &w.these);
	if (r == -ERANGE)
		return err_set(err, -EINVAL, "--cpus %.60s: CPU numbers end at %d", text, CPUSET_MAX - 1);
	if (r < 0 || cpuset_empty(&w.these))
		return err_set(err, -EINVAL,
			       "--cpus %.60s: neither a number of CPUs (2) nor a list of them (2-3,5; \"2,\" is CPU 2)", text);
	*ret = w;
	return 0;
}

static int check_these(const struct choice *c, const struct cpuset *these, struct err *err)
{
	struct cpuset missing = cpuset_minus(these, &c->cpu->online), both = cpuset_and(these, &c->taken);
	char list[128], online[128];

	cpuset_list(&c->cpu->online, online, sizeof(online));
	if (!cpuset_empty(&missing))
		return err_set(err, -EINVAL, "CPUs %s are not online on this machine: take some of %s",
			       cpuset_list(&missing, list, sizeof(list)), online);
	if (c->tuned && cpuset_within(&c->cpu->online, these))
		return err_set(
			err, -EINVAL,
			"all CPUs (%s) cannot be set apart for one run: leave at least one core for everything else, or use "
			"--tuning none",
			online);
	if (!cpuset_empty(&both))
		return err_set(err, -EBUSY, "CPUs %s belong to other runs: see `vlat ps`, and take others or stop those",
			       cpuset_list(&both, list, sizeof(list)));
	return 0;
}

/* No thread of its core is lent out. */
static bool core_is_free(const struct choice *c, const struct cpu_fact *f)
{
	struct cpuset both = cpuset_and(&f->siblings, &c->taken);

	return cpuset_empty(&both);
}

/* The first free threads of cores out of `from`, of one NUMA node (-1: of any). */
static struct cpuset gather(const struct choice *c, const struct cpuset *from, int node, unsigned count)
{
	struct cpuset got = { 0 }, cores = { 0 };

	for (size_t i = 0; i < c->cpu->n && cpuset_count(&got) < count; i++) {
		const struct cpu_fact *f = &c->cpu->at[i];

		if (!cpuset_has(from, f->cpu) || cpuset_has(&cores, f->cpu) || !core_is_free(c, f))
			continue;
		if (node >= 0 && f->node != node)
			continue;
		cpuset_add(&got, f->cpu);
		cores = cpuset_or(&cores, &f->siblings);
	}
	return got;
}

static bool fills(const struct choice *c, const struct cpuset *from, int node, unsigned count, struct cpuset *ret)
{
	*ret = gather(c, from, node, count);
	return node >= 0 && cpuset_count(ret) == count;
}

/* All on the node of the network device, or all on some node, or wherever they are. */
static struct cpuset gather_near(const struct choice *c, const struct cpuset *from, unsigned count)
{
	struct cpuset got;

	if (c->near && fills(c, from, c->node, count, &got))
		return got;
	for (size_t i = 0; i < c->cpu->n; i++)
		if (fills(c, from, c->cpu->at[i].node, count, &got))
			return got;
	return gather(c, from, -1, count);
}

static int too_few(const struct choice *c, const struct cpuset *from, unsigned want, unsigned got, struct err *err)
{
	char list[128];

	cpuset_list(from, list, sizeof(list));
	if (cpuset_empty(&c->pool))
		return err_set(
			err, -EBUSY,
			"--cpus %u: free are %u of those that runs can have here (CPUs %s, one of each core): take fewer, or "
			"name CPUs with --cpus LIST, in which CPU %u alone is \"%u,\"",
			want, got, list, want, want);
	return err_set(
		err, -EBUSY,
		"--cpus %u: free are %u of those set apart for runs (CPUs %s): take fewer, name others with --cpus LIST (they "
		"will be pinned only, not set apart), or stop all runs and begin with a larger --pool",
		want, got, list);
}

static int choose_count(const struct choice *c, unsigned count, struct cpuset *ret, struct err *err)
{
	struct cpuset from = c->pool;
	struct cpu_split split;

	if (cpuset_empty(&from)) {
		split_propose(c->cpu, &split);
		if (!split.possible)
			return err_set(err, -EOPNOTSUPP, "%s; use --tuning none", split.why);
		from = split.isolated;
	}
	*ret = gather_near(c, &from, count);
	if (cpuset_count(ret) < count)
		return too_few(c, &from, count, cpuset_count(ret), err);
	return 0;
}

int choose_cpus(const struct choice *c, const struct cpu_wish *wish, struct cpuset *ret, struct err *err)
{
	struct cpuset got = wish->these;
	int r = wish->count ? choose_count(c, wish->count, &got, err) : check_these(c, &got, err);

	if (r == 0)
		*ret = got;
	return r;
}

int choose_pool(const struct cpu_facts *cpu, const struct cpuset *cpus, const struct cpuset *asked, struct cpu_split *ret,
		struct err *err)
{
	struct cpuset pool = cpuset_or(cpus, asked);

	for (size_t i = 0; i < cpu->n; i++) {
		struct cpuset core = cpuset_and(&cpu->at[i].siblings, &cpu->online);

		if (cpuset_has(&pool, cpu->at[i].cpu))
			pool = cpuset_or(&pool, &core);
	}
	return split_from_isolated(cpu, &pool, ret, err);
}
