/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime - which OCI runtime works here.
 *
 * A version number does not tell: crun before 1.9 refuses a hybrid layout when
 * the unified hierarchy has a controller, a runtime may lack the right to mount
 * or find its cgroup folders read-only.  So each is tried with the smallest
 * real container, and what the losers said is kept for the report.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/sink.h"
#include "base/text.h"
#include "container/bundle.h"

#define TRIAL_NS (60 * NS_PER_S)

static const struct candidate {
	const char *name;
	bool hide_unified_cgroup;
} candidates[] = {
	{ .name = "crun" },
	{ .name = "runc" },
	{ .name = "crun", .hide_unified_cgroup = true }, /* its undo needs the same view: the last resort */
};

static int ask_version(struct runtime *rt, struct err *err)
{
	AUTO(run_result_free) struct run_result said = { 0 };
	AUTO(argv_free) struct argv argv = { 0 };
	int r;

	argv_add(&argv, rt->path);
	argv_add(&argv, "--version");
	r = run(&said, &argv, NULL, TRIAL_NS, err);
	if (r < 0)
		return r;
	runtime_version(said.out, rt->version, sizeof(rt->version));
	return 0;
}

/* Did the container run the agent?  What it printed is the proof, the exit status alone is none. */
static int judge(const struct runtime *rt, const struct run_result *said, struct err *err)
{
	char words[256], end[64];

	if (!said->end.signalled && said->end.code == 0 && said->out[0])
		return 0;
	runtime_complaint(said->err, words, sizeof(words));
	child_end_text(said->end, end, sizeof(end));
	return err_set(err, -EOPNOTSUPP, "%s %s cannot run a container here (%s)%s%s", rt->name, rt->version, end,
		       words[0] ? ": " : "", words);
}

static int run_trial(const struct container *c, struct err *err)
{
	AUTO(run_result_free) struct run_result said = { 0 };
	AUTO(argv_free) struct argv argv = { 0 };
	struct spawn_opts opts = runtime_opts(&c->runtime, c->journal);
	int r;

	opts.heed_stop = true;
	runtime_argv(&c->runtime, c->root, &argv);
	argv_add_all(&argv, (const char *const[]){ "run", "--bundle", c->bundle, c->id, NULL });
	r = run(&said, &argv, &opts, TRIAL_NS, err);
	return r < 0 ? r : judge(&c->runtime, &said, err);
}

static int trial(const struct runtime *rt, struct journal *j, const char *agent, struct err *err)
{
	static const char *const args[] = { "/agent", "--version", NULL };
	const char *const env[] = { "PATH=/", journal_mark(j), NULL };
	struct oci_spec spec = { .hostname = "vlat", .args = args, .env = env };
	struct container *c = NULL;
	int r;

	r = container_reserve(&c, rt, rt->hide_unified_cgroup ? "try-hidden" : rt->name, j, err);
	if (r < 0)
		return r;
	spec.cgroup = c->cgroup;
	spec.own_cgroups = c->groups.layout == CGROUP_V2;
	r = bundle_make(c->bundle, agent, &spec, err);
	if (r == 0)
		r = run_trial(c, err);
	container_remove(c);
	return r;
}

int runtime_try(struct runtime *ret, const char *name, bool hide_unified_cgroup, struct journal *j, const char *agent,
		struct err *err)
{
	struct runtime rt = { .hide_unified_cgroup = hide_unified_cgroup };
	int r;

	if (text_print(rt.name, sizeof(rt.name), "%s", name))
		return err_set(err, -ENAMETOOLONG, "\"%.64s\" is no name of a runtime", name);
	if (program_find(name, rt.path, sizeof(rt.path)) < 0)
		return err_set(err, -ENOENT, "%s is not installed", name);
	r = ask_version(&rt, err);
	if (r == 0)
		r = trial(&rt, j, agent, err);
	if (r < 0)
		return r;
	(void) text_print(rt.why, sizeof(rt.why), "%s %s runs containers here%s", rt.name, rt.version,
			  hide_unified_cgroup ? ", with /sys/fs/cgroup/unified out of its sight" : "");
	*ret = rt;
	return 0;
}

/* Only a hybrid layout has a unified hierarchy that could be hidden. */
static bool makes_sense(const struct candidate *c)
{
	return !c->hide_unified_cgroup || access("/sys/fs/cgroup/unified/cgroup.controllers", F_OK) == 0;
}

static int try_all(struct runtime *ret, struct journal *j, const char *agent, struct err *err)
{
	AUTO(sink_free) struct sink losers = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		struct err why = { 0 };
		int r;

		if (!makes_sense(&candidates[i]))
			continue;
		r = runtime_try(ret, candidates[i].name, candidates[i].hide_unified_cgroup, j, agent, &why);
		if (r == 0) {
			size_t n = strlen(ret->why);

			(void) text_print(ret->why + n, sizeof(ret->why) - n, "%s%s", losers.len ? "; " : "",
					  losers.len ? losers.text : "");
			return 0;
		}
		if (r == -EINTR)
			return err_set(err, r, "%s", why.text);
		if (!losers.len || !strstr(losers.text, why.text))
			sink_printf(&losers, "%s%s", losers.len ? "; " : "", why.text);
	}
	return err_set(err, -EOPNOTSUPP, "no container runtime works on this machine: %.400s", losers.text);
}

static int cache_path(const struct journal *j, char *buf, size_t cap, struct err *err)
{
	if (text_print(buf, cap, "%s/runtime.json", journal_dir(j)))
		return err_set(err, -ENAMETOOLONG, "the run's folder %.200s has too long a name", journal_dir(j));
	return 0;
}

static bool cache_load(const char *path, struct runtime *ret)
{
	AUTO_JSON json_t *o = NULL;
	const char *name, *program, *version, *why;
	struct runtime rt = { 0 };
	struct err e = { 0 };

	if (access(path, F_OK) < 0 || jx_load(path, 1 << 16, &o, &e) < 0)
		return false;
	if (jx_str(o, "name", &name, &e) < 0 || jx_str(o, "path", &program, &e) < 0 || jx_str(o, "version", &version, &e) < 0 ||
	    jx_str(o, "why", &why, &e) < 0 || jx_bool(o, "hide_unified_cgroup", &rt.hide_unified_cgroup, &e) < 0)
		return false;
	if (text_print(rt.name, sizeof(rt.name), "%s", name) || text_print(rt.path, sizeof(rt.path), "%s", program))
		return false;
	(void) text_print(rt.version, sizeof(rt.version), "%s", version);
	(void) text_print(rt.why, sizeof(rt.why), "%s", why);
	*ret = rt;
	return true;
}

static int cache_save(const char *path, const struct runtime *rt, struct err *err)
{
	AUTO_JSON json_t *o = json_pack("{s:s, s:s, s:s, s:b, s:s}", "name", rt->name, "path", rt->path, "version", rt->version,
					"hide_unified_cgroup", rt->hide_unified_cgroup, "why", rt->why);

	return o ? jx_save(path, o, 0644, err) : err_set(err, -EILSEQ, "%s says things that are no UTF-8 text", rt->name);
}

static bool is_any_installed(void)
{
	char path[256];

	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++)
		if (program_find(candidates[i].name, path, sizeof(path)) == 0)
			return true;
	return false;
}

int runtime_find(struct runtime *ret, struct journal *j, const char *agent, struct err *err)
{
	struct err lost = { 0 };
	char path[320];
	int r = cache_path(j, path, sizeof(path), err);

	if (r < 0 || cache_load(path, ret))
		return r;
	if (!is_any_installed())
		return err_set(err, -ENOENT, "no container runtime is installed: install crun or runc (apt-get install crun, dnf "
			       "install crun)");
	if (access(agent, X_OK) < 0)
		return err_sys(err, -errno, "the agent %s cannot be put into a container", agent);
	r = try_all(ret, j, agent, err);
	if (r < 0)
		return r;
	if (cache_save(path, ret, &lost) < 0)
		log_debug("%s", lost.text); /* asked again the next time, that is all */
	return 0;
}
