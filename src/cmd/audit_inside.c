/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/audit_inside.h"

#include <errno.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/inside.h"
#include "audit/pair.h"
#include "base/clock.h"
#include "base/text.h"
#include "cmd/audit_text.h"
#include "cmd/command.h"
#include "run/registry.h"

/* Of all that is asked of a guest; a busy one under emulation needs some seconds. */
#define PATIENCE_NS (40 * NS_PER_S)

/* All that is looked at; what is not made stays NULL. */
struct views {
	const struct audit_inside *o;
	struct machine_facts host, guest;
	struct task_facts tasks;
	struct qemus vms;
	const struct qemu *vm;
	struct inside inside;
	struct audit *outside, *within, *both;
	char socket[160]; /* of a VM of vlat run; "" = its command line tells */
	char pid[16];
};

/* A VM of vlat run is known by the name its user gave it, which QEMU does not know. */
static const char *which_vm(struct views *v)
{
	struct run_record rec;
	struct err ignored;
	char *slash;

	if (registry_find(v->o->which, &rec, &ignored) < 0 || rec.kind != RUN_VM || rec.workload <= 0)
		return v->o->which;
	text_print(v->pid, sizeof(v->pid), "%d", (int) rec.workload);
	text_print(v->socket, sizeof(v->socket), "%s", rec.console);
	slash = strrchr(v->socket, '/');
	if (slash)
		text_print(slash, sizeof(v->socket) - (size_t) (slash - v->socket), "/agent");
	return v->pid;
}

static void forget_vms(struct views *v)
{
	qemus_free(&v->vms);
	task_facts_free(&v->tasks);
	v->vms = (struct qemus){ 0 };
	v->vm = NULL;
}

static int find_vm(struct views *v, const struct fs *host, const char *which, struct err *err)
{
	int r = task_facts_read(host, &v->tasks, err);

	if (r < 0)
		return r;
	qemus_read(host, &v->tasks, 0, &v->vms);
	return pair_find_vm(&v->vms, which, &v->vm, err);
}

static int look_outside(struct views *v, const struct fs *host, const char *which, struct err *err)
{
	struct audit_options o = {
		.role = v->o->role ? v->o->role : role_names[ROLE_VM_HOST],
		.cpus = v->o->cpus,
		.only = v->o->only,
		.scope = AUDIT_VMS,
		.which = which,
	};
	int r = machine_facts_read(host, &v->host, err);

	return r < 0 ? r : audit_make(&v->outside, host, &v->host, &o, err);
}

/*
 * What the guest says takes its time, and a VM that has just begun makes its threads meanwhile: the host is read after it,
 * and nothing that was read before is kept for then.
 */
static int ask_guest(struct views *v, const struct fs *host, const char *which, struct err *err)
{
	struct inside_options how = { .socket = v->socket[0] ? v->socket : NULL, .timeout_ns = PATIENCE_NS };
	struct fs now = *host;
	int r;

	now.kept = NULL;
	r = find_vm(v, &now, which, err);
	if (r == 0)
		r = inside_open(&v->inside, v->vm, &how, err);
	forget_vms(v);
	return r;
}

static int look_within(struct views *v, struct err *err)
{
	struct audit_options o = { .role = role_names[ROLE_GUEST], .only = v->o->only };
	int r = machine_facts_read(&v->inside.fs, &v->guest, err);

	return r < 0 ? r : audit_make(&v->within, &v->inside.fs, &v->guest, &o, err);
}

static void look_at_both(struct views *v, const char *only)
{
	struct pair p = {
		.host = &v->host,
		.guest = &v->guest,
		.split = &v->outside->split,
		.guest_fs = &v->inside.fs,
		.all = &v->vms,
		.vm = v->vm,
	};

	pair_make(&v->both, &p, only);
}

/* A row of both sides is asked for by name: the other two look at everything then, and are not shown. */
static int look(struct views *v, const struct fs *host, struct err *err)
{
	struct audit_inside all = *v->o;
	const char *which = which_vm(v), *pair = all.only && pair_find(all.only) ? all.only : NULL;
	int r;

	if (pair)
		all.only = NULL;
	v->o = &all;
	r = ask_guest(v, host, which, err);
	if (r == 0)
		r = find_vm(v, host, which, err);
	if (r == 0)
		r = look_outside(v, host, which, err);
	if (r == 0)
		r = look_within(v, err);
	if (r == 0)
		look_at_both(v, pair ? pair : all.only);
	v->o = NULL;
	return r;
}

/* ---- words ---- */

static void put_part(const char *title, const struct audit *a, const struct audit_inside *o, struct sink *out)
{
	struct term term = term_look(1);

	if (a->n == 0)
		return;
	sink_printf(out, "%s%s%s\n\n", term_on(&term, PAINT_BOLD), title, term_off(&term, PAINT_BOLD));
	if (o->only)
		audit_explain(a, &term, out);
	else
		audit_text_part(a, o->only_findings, &term, out);
	sink_char(out, '\n');
}

static void put_how(const struct views *v, struct sink *out)
{
	char size[32];

	sink_printf(out, "VM %s, process %d (%s); seen from within by %s: %zu files, %s.\n",
		    v->vm->name[0] ? v->vm->name : "without a name", (int) v->vm->pid, launcher_name(v->vm->launcher),
		    v->inside.how, v->inside.files, text_bytes(size, sizeof(size), (double) v->inside.bytes));
	if (v->inside.less[0])
		sink_printf(out, "Not all of it: %s.\n", v->inside.less);
	sink_char(out, '\n');
}

static bool is_pair(const struct audit_inside *o)
{
	return o->only && pair_find(o->only);
}

static void put_text(const struct views *v, const struct audit_inside *o, struct sink *out)
{
	put_how(v, out);
	if (!is_pair(o))
		put_part("OUTSIDE: the virtual machine, on this host", v->outside, o, out);
	if (!is_pair(o))
		put_part("INSIDE: the guest, in the role guest", v->within, o, out);
	put_part("BOTH SIDES: the guest held against its host", v->both, o, out);
}

static void put_view(const struct audit *a, const struct audit_inside *o, struct jsonw *w, const char *name)
{
	if (is_pair(o))
		jw_null(w, name);
	else
		audit_json(a, o->only_findings, w, name);
}

static void put_json(const struct views *v, const struct audit_inside *o, struct sink *out)
{
	struct jsonw w = { .out = out };

	jw_object(&w, NULL);
	jw_int(&w, "format", 1);
	jw_text(&w, "vm", v->vm->name);
	jw_int(&w, "pid", v->vm->pid);
	jw_text(&w, "launcher", launcher_name(v->vm->launcher));
	jw_text(&w, "by", v->inside.how);
	jw_int(&w, "files", (int64_t) v->inside.files);
	jw_int(&w, "bytes", (int64_t) v->inside.bytes);
	jw_text(&w, "left_out", v->inside.less);
	put_view(v->outside, o, &w, "outside");
	put_view(v->within, o, &w, "inside");
	audit_json(v->both, o->only_findings, &w, "both");
	jw_end_object(&w);
	sink_char(out, '\n');
}

static bool differs(const struct audit *a)
{
	return a->count[AUDIT_DIFFERS] + a->count[AUDIT_BLOCKED] > 0;
}

static void free_views(struct views *v)
{
	audit_free(v->outside);
	audit_free(v->within);
	audit_free(v->both);
	machine_facts_free(&v->guest);
	machine_facts_free(&v->host);
	inside_close(&v->inside);
	forget_vms(v);
}

int audit_inside(const struct audit_inside *o, const struct fs *host, struct sink *out, struct err *err)
{
	struct views v = { .o = o, .inside.fs.root = -1 };
	int r = look(&v, host, err);

	if (r == 0) {
		if (o->json)
			put_json(&v, o, out);
		else
			put_text(&v, o, out);
		r = differs(v.both) || (!is_pair(o) && (differs(v.outside) || differs(v.within))) ? EXIT_NO : EXIT_OK;
	}
	free_views(&v);
	return r;
}
