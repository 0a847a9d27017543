/* SPDX-License-Identifier: Apache-2.0 */
#include "tune/rival.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"
#include "tune/internal.h"

#define STOP_NS (60 * NS_PER_S)

/* Which knobs a service's work concerns: beginnings of their ids. */
static const struct concern {
	const char *service;
	bool stoppable;
	const char *ids[5];
} concerns[] = {
	{ "irqbalance", true, { "irq." } },
	{ "tuned", true, { "" } },
	{ "tuned-ppd", true, { "" } },
	{ "power-profiles-daemon", true, { "pwr." } },
	{ "auto-cpufreq", true, { "pwr." } },
	{ "tlp", true, { "pwr.", "pci." } },
	{ "ksmtuned", true, { "mem.ksm" } },
	{ "uksmd", true, { "mem.ksm" } },
	{ "numad", true, { "iso.", "mem.numa", "sch." } },
	{ "thermald", true, { "pwr." } },
	{ "stalld", true, { "sch." } },
	{ "kubelet", false, { "iso." } },
	{ "cri-o", false, { "iso.", "irq." } },
	{ "libvirtd", false, { "iso." } },
	{ "virtqemud", false, { "iso." } },
	{ "pve", false, { "iso." } },
	{ "openvswitch", false, { "iso." } },
};

static const struct concern *concern_of(const char *service)
{
	for (size_t i = 0; i < ARRAY_SIZE(concerns); i++)
		if (text_eq(concerns[i].service, service))
			return &concerns[i];
	return NULL;
}

static bool would_change(const struct step *s)
{
	for (size_t i = 0; i < s->settings.n; i++)
		if (s->settings.at[i].state == SETTING_TODO)
			return true;
	return false;
}

static bool concerned(const struct plan *p, const struct concern *c)
{
	for (size_t i = 0; i < p->steps.n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(c->ids) && c->ids[k]; k++)
			if (text_starts(p->steps.at[i].knob->id, c->ids[k]) && would_change(&p->steps.at[i]))
				return true;
	return false;
}

void rivals_find(const struct plan *p, bool at_boot, struct rivals *ret)
{
	struct process_names names;
	struct service_facts facts;
	VEC(struct rival) list = { 0 };

	*ret = (struct rivals){ .at = NULL };
	if (process_names_read(&p->fs, &names) < 0)
		return;
	service_facts_read(&p->fs, &names, &facts);
	for (size_t i = 0; i < facts.n; i++) {
		const struct service_fact *f = &facts.at[i];
		const struct concern *c = concern_of(f->row->name);

		if ((f->pid || (at_boot && f->enabled)) && c && concerned(p, c))
			*vec_add(&list) = (struct rival){ .row = f->row, .pid = f->pid, .stoppable = c->stoppable };
	}
	service_facts_free(&facts);
	process_names_free(&names);
	*ret = (struct rivals){ .at = list.at, .n = list.n };
}

void rivals_free(struct rivals *r)
{
	free(r->at);
	*r = (struct rivals){ .at = NULL };
}

size_t rivals_stoppable(const struct rivals *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->at[i].stoppable;
	return n;
}

void rivals_text(const struct rivals *r, bool stoppable, struct sink *out)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->at[i].stoppable == stoppable)
			sink_printf(out, "  %s (process %d) %s\n", r->at[i].row->name, (int) r->at[i].pid, r->at[i].row->fights);
}

int plan_take_over(struct plan *p, const struct rivals *r, struct err *err)
{
	for (size_t i = 0; i < r->n; i++) {
		if (!r->at[i].stoppable)
			continue;
		if (!p->fs.live || access("/run/systemd/system", F_OK) < 0)
			return err_set(err, -ENOSYS,
				       "%s (process %d) cannot be stopped for you, because systemd does not run this "
				       "machine: stop it yourself, then tune",
				       r->at[i].row->name, (int) r->at[i].pid);
		*vec_add(&p->rivals) = r->at[i];
	}
	return 0;
}

static int systemctl(const char *program, const char *const *words, struct err *err)
{
	AUTO(argv_free) struct argv argv = { 0 };
	struct spawn_opts opts = SPAWN_OPTS_INIT;

	argv_add(&argv, program);
	argv_add_all(&argv, words);
	opts.heed_stop = opts.die_with_parent = true;
	return run_well(&argv, &opts, STOP_NS, err);
}

static bool is_active(const char *program, const char *unit)
{
	struct err ignored = { 0 };

	return systemctl(program, (const char *const[]){ "is-active", "--quiet", unit, NULL }, &ignored) == 0;
}

/*
 * A link to /dev/null in /run masks what a package has in /usr, but a unit file in /etc goes before it: that one is kept from
 * starting by a condition that never holds, in a file beside it.
 */
static bool stands_in_etc(const char *program, const char *unit)
{
	AUTO(argv_free) struct argv argv = { 0 };
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	struct run_result got = { 0 };
	struct err ignored = { 0 };
	bool found;

	argv_add(&argv, program);
	argv_add_all(&argv, (const char *const[]){ "show", "--property=FragmentPath", "--value", unit, NULL });
	opts.heed_stop = opts.die_with_parent = true;
	found = run(&got, &argv, &opts, STOP_NS, &ignored) == 0 && got.out && text_starts(got.out, "/etc/");
	run_result_free(&got);
	return found;
}

/* Undone from the last to the first: unmasked, then started. */
static int mask(struct journal *j, const char *program, const char *unit, struct err *err)
{
	int r = journal_command_now(j, (const char *const[]){ program, "unmask", "--runtime", unit, NULL }, err);

	return r < 0 ? r : systemctl(program, (const char *const[]){ "mask", "--runtime", "--now", unit, NULL }, err);
}

static int keep_from_starting(struct journal *j, const char *program, const char *unit, struct err *err)
{
	static const char text[] = "# vlat tune --take-over: it shall not start while the tuning is in force.\n"
				   "[Unit]\nConditionPathExists=!/run/systemd/system\n";
	AUTO_FREE char *folder = xprintf("/run/systemd/system/%s.d", unit), *file = xprintf("%s/vlat.conf", folder);
	int r = journal_command_now(j, (const char *const[]){ program, "daemon-reload", NULL }, err);

	if (r == 0)
		r = journal_folder(j, folder, 0755, err);
	if (r == 0)
		r = journal_put(j, file, text, 0644, err);
	if (r == 0)
		r = systemctl(program, (const char *const[]){ "daemon-reload", NULL }, err);
	return r < 0 ? r : systemctl(program, (const char *const[]){ "stop", unit, NULL }, err);
}

static int stop_one(struct journal *j, const char *program, const struct rival *rival, struct err *err)
{
	AUTO_FREE char *unit = xprintf("%s.service", rival->row->unit);
	bool active = is_active(program, unit);
	int r = 0;

	if (rival->pid && !active)
		return err_set(err, -ENOSYS, "%s runs, but not as %s of systemd: stop it yourself, then tune", rival->row->name,
			       unit);
	/* One that the boot has not come to yet would have been started by it; after the boot somebody has stopped it. */
	if (active || !is_active(program, "multi-user.target"))
		r = journal_command_now(j, (const char *const[]){ program, "start", unit, NULL }, err);
	if (r < 0)
		return r;
	return stands_in_etc(program, unit) ? keep_from_starting(j, program, unit, err) : mask(j, program, unit, err);
}

int rivals_stop(struct plan *p, struct err *err)
{
	char program[PATH_MAX];
	int r = 0;

	if (p->rivals.n && program_find("systemctl", program, sizeof(program)) < 0)
		return err_set(err, -ENOENT, "systemctl was not found: %s cannot be stopped", p->rivals.at[0].row->name);
	for (size_t i = 0; r == 0 && i < p->rivals.n; i++)
		r = stop_one(p->journal, program, &p->rivals.at[i], err);
	return r;
}
