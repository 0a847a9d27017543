/* SPDX-License-Identifier: Apache-2.0 */
/* vlat audit - what stands between this machine and low, steady latency. Changes nothing. */
#include "base/sink.h"
#include "base/text.h"
#include "capture/capture.h"
#include "cmd/audit_inside.h"
#include "cmd/audit_text.h"
#include "cmd/command.h"
#include "cmd/table.h"

struct audit_cfg {
	bool json, only_findings, inside;
	struct cpuset cpus;
	const char *role, *root, *explain, *what, *which;
};

static const struct audit_cfg audit_defaults = { .root = "/" };

static const struct option_row audit_options_rows[] = {
	OPT_WORD(struct audit_cfg, role, .name = "role", .choices = role_names, .help = "what the machine is for; else guessed"),
	OPT_CPUS(struct audit_cfg, cpus, .name = "cpus", .help = "CPUs for latency work, whole cores; else chosen by topology"),
	OPT_FILE(struct audit_cfg, root, .name = "root", .shown = "/",
		 .help = "another machine: a capture, or a folder with a copy of its /proc and /sys"),
	OPT_FLAG(struct audit_cfg, only_findings, .name = "only-findings",
		 .help = "leave out what is as wanted or cannot be seen"),
	OPT_STR(struct audit_cfg, explain, .name = "explain", .arg = "KNOB", .help = "look at one knob only and tell all of it"),
	OPT_FLAG(struct audit_cfg, inside, .name = "inside",
		 .help = "with vm NAME: look into the guest too, by its guest agent, and hold both sides against each other"),
	OPT_FLAG(struct audit_cfg, json, .name = "json", .help = "print JSON instead of text"),
};

static const char *const audit_scopes[] = { "host", "vm", "container", NULL };

static const struct option_row audit_args[] = {
	OPT_WORD(struct audit_cfg, what, .name = "WHAT", .choices = audit_scopes, .optional = true,
		 .help = "the whole machine, its running virtual machines, or its running containers"),
	OPT_STR(struct audit_cfg, which, .name = "WHICH", .optional = true,
		.help = "one of them, by process id, name or container id"),
};

static const struct example audit_examples[] = {
	{ .line = "vlat audit", .what = "see what is untuned here, ranked, with the cure of each" },
	{ .line = "vlat audit --role realtime --cpus 2-3 --only-findings",
	  .what = "for a native real-time program on CPUs 2 and 3" },
	{ .line = "vlat audit --explain pwr.governor", .what = "all about one knob on this machine" },
	{ .line = "vlat audit vm web1", .what = "look at one running virtual machine, whoever started it" },
	{ .line = "vlat audit vm web1 --inside",
	  .what = "look into its guest as well, and at what only both sides together tell" },
};

static const struct exit_row audit_exits[] = {
	{ EXIT_OK, "all that could be seen is as the role wants it" },
	{ EXIT_NO, "something differs, or is blocked" },
	{ EXIT_USAGE, "wrong usage, or vlat could not look" },
};

static void put_json(const struct audit *a, bool only_findings, struct sink *out)
{
	struct jsonw w = { .out = out };

	audit_json(a, only_findings, &w, NULL);
	sink_char(out, '\n');
}

static void put_audit(const struct audit_cfg *cfg, const struct audit *a, struct sink *out)
{
	struct term term = term_look(1);

	if (cfg->json)
		put_json(a, cfg->only_findings, out);
	else if (cfg->explain)
		audit_explain(a, &term, out);
	else
		audit_text(a, cfg->only_findings, &term, out);
}

static int look(const struct audit_cfg *cfg, const struct fs *fs, struct sink *out, struct err *err)
{
	struct audit_options o = {
		.role = cfg->role, .cpus = &cfg->cpus, .only = cfg->explain, .which = cfg->which, .names = true
	};
	struct machine_facts machine = { 0 };
	struct audit *a = NULL;
	int r = machine_facts_read(fs, &machine, err);

	if (cfg->what)
		o.scope = text_eq(cfg->what, "vm") ? AUDIT_VMS : text_eq(cfg->what, "container") ? AUDIT_CONTAINERS : AUDIT_HOST;
	if (r < 0)
		return r;
	if (!o.role && o.scope != AUDIT_HOST)
		o.role = role_names[o.scope == AUDIT_VMS ? ROLE_VM_HOST : ROLE_CONTAINER_HOST];
	r = audit_make(&a, fs, &machine, &o, err);
	if (r == 0) {
		put_audit(cfg, a, out);
		r = a->count[AUDIT_DIFFERS] + a->count[AUDIT_BLOCKED] ? EXIT_NO : EXIT_OK;
	}
	audit_free(a);
	machine_facts_free(&machine);
	return r;
}

static int look_inside(const struct audit_cfg *cfg, const struct fs *fs, struct sink *out, struct err *err)
{
	struct audit_inside o = {
		.which = cfg->which,
		.role = cfg->role,
		.only = cfg->explain,
		.cpus = &cfg->cpus,
		.json = cfg->json,
		.only_findings = cfg->only_findings,
	};

	return audit_inside(&o, fs, out, err);
}

static int run_audit(const struct call *call)
{
	const struct audit_cfg *cfg = call->config;
	struct sink out = { 0 };
	struct err err = { 0 };
	struct fs fs;
	int printed, r;

	if (cfg->which && text_eq(cfg->what, "host"))
		return cmd_usage(call, "\"%s\": there is one host; name a VM after vm, a container after container", cfg->which);
	if (cfg->inside && (!cfg->which || !text_eq(cfg->what, "vm")))
		return cmd_usage(call, "--inside is for one virtual machine: vlat audit vm NAME --inside");
	if (cfg->inside && !text_eq(cfg->root, "/"))
		return cmd_usage(call, "--inside asks a guest that runs now, and %s is a copy of a machine: leave --root out",
				 cfg->root);
	r = capture_open(&fs, cfg->root, &err);
	if (r < 0)
		return cmd_fail_as(EXIT_USAGE, &err);
	fs_keep(&fs);
	r = cfg->inside ? look_inside(cfg, &fs, &out, &err) : look(cfg, &fs, &out, &err);
	fs_close(&fs);
	if (r < 0) {
		sink_free(&out);
		return cmd_fail_as(EXIT_USAGE, &err);
	}
	printed = cmd_print(&out);
	return printed ? printed : r;
}

const struct command cmd_audit = {
	.name = "audit",
	.brief = "find what is untuned on this machine, and the cure",
	.text = "Looks at every knob that vlat knows, without root and without changing anything, and holds what is against "
		"what the role wants: 'differs', 'ok', 'not applicable' (the machine does not have it, or the role leaves it "
		"alone), 'blocked' (cannot be changed here: lockdown, a read-only mount) or 'cannot see' (only root can read "
		"it). Differences come ranked by the effect that is to be expected, each with the reason, its cost, the exact "
		"cure, and whether it works at once or after a boot. What lowers security is marked. See docs/audit.md.\n\n"
		"With --inside one running VM is asked, through the QEMU guest agent in it, for a fixed list of files; the "
		"guest is then looked at in the role guest, and what only both sides together tell (pair.*: clock, polling, "
		"isolated CPUs, huge pages, interrupts) is reported apart. See docs/security.md for what is asked and what is "
		"believed.",
	ROWS(options, audit_options_rows),
	ROWS(args, audit_args),
	ROWS(examples, audit_examples),
	ROWS(exits, audit_exits),
	CONFIG(audit_defaults),
	.run = run_audit,
};
