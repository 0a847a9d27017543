/* SPDX-License-Identifier: Apache-2.0 */
/* vlat capture - this machine in one file, for somebody else's inspect and audit. Changes nothing. */
#include <errno.h>

#include "audit/audit.h"
#include "base/fs_tree.h"
#include "base/sink.h"
#include "base/text.h"
#include "capture/capture.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "tune/plan.h"

struct capture_cfg {
	bool anonymise;
	const char *file, *root;
};

static const struct capture_cfg capture_defaults = { .root = "/" };

static const struct option_row capture_options[] = {
	OPT_FLAG(struct capture_cfg, anonymise, .name = "anonymise",
		 .help = "replace host names, addresses, serials, and users' processes and command lines"),
	OPT_FILE(struct capture_cfg, root, .name = "root", .arg = "WHAT", .shown = "/",
		 .help = "a folder with a copy of a machine, or another capture, instead of this machine"),
};

static const struct option_row capture_args[] = {
	OPT_FILE(struct capture_cfg, file, .name = "FILE", .help = "the archive to write, by custom NAME.tar.zst"),
};

static const struct example capture_examples[] = {
	{ .line = "vlat capture server7.tar.zst", .what = "take this machine along" },
	{ .line = "vlat capture --anonymise for-the-bug-report.tar.zst", .what = "without what names it or its users" },
	{ .line = "vlat capture --root server7.tar.zst --anonymise public.tar.zst",
	  .what = "take names out of a capture that is there" },
	{ .line = "vlat capture server7.tar.zst && vlat audit --root server7.tar.zst",
	  .what = "look at it as if it were the machine" },
};

/*
 * The readers run, and the recording keeps what they open; what they make of it
 * is thrown away.  An audit or a plan that cannot be made of this machine is no
 * reason to capture nothing: its failure would be captured too.
 */
static void see_by_audit(const struct fs *fs, const struct machine_facts *machine)
{
	for (int role = 0; role < ROLE_COUNT; role++) {
		for (enum audit_scope scope = AUDIT_HOST; scope <= AUDIT_CONTAINERS; scope++) {
			struct audit_options o = { .role = role_names[role], .scope = scope };
			struct audit *a = NULL;
			struct err ignored = { 0 };

			audit_make(&a, fs, machine, &o, &ignored);
			audit_free(a);
		}
	}
}

/* With all that a profile could want. */
static void see_by_plan(const struct fs *fs, const struct machine_facts *machine)
{
	static const struct plan_options all = { .allow_insecure = true, .vm_memory_mb = 1024 };
	struct err ignored = { 0 };
	struct plan *p = NULL;
	struct cpu_split split;

	split_propose(&machine->host.cpu, &split);
	if (plan_make(&p, fs, &machine->host, &split, &all, &ignored) == 0)
		plan_free(p);
}

static int see_all(const struct fs *fs, struct err *err)
{
	struct machine_facts machine;
	int r = machine_facts_read(fs, &machine, err);

	if (r < 0)
		return r;
	see_by_audit(fs, &machine);
	see_by_plan(fs, &machine);
	machine_facts_free(&machine);
	return 0;
}

static int print_sum(const struct capture_cfg *cfg, const struct capture_sum *sum, bool full)
{
	struct sink out = { 0 };
	char size[32];

	sink_printf(&out, "%s: %zu files, %s before packing", cfg->file, sum->files,
		    text_bytes(size, sizeof(size), (double) sum->bytes));
	if (cfg->anonymise)
		sink_printf(&out, "; %zu names and addresses replaced", sum->masked);
	sink_put(&out, "\n");
	if (full)
		sink_put(&out, "This machine has more than a capture may hold: the rest was left out.\n");
	if (!cfg->anonymise)
		sink_put(&out, "It holds host names, addresses and command lines; --anonymise replaces them.\n");
	return cmd_print(&out);
}

/* A capture is complete as it is, and only written again; of everything else what the readers open is taken. */
static int capture(const struct capture_cfg *cfg, const struct fs *fs, struct capture_sum *ret, bool *ret_full, struct err *err)
{
	struct fs recorded;
	int r;

	if (fs->tree)
		return capture_write(fs, cfg->file, cfg->anonymise, ret, err);
	fs_record(&recorded, fs);
	r = see_all(&recorded, err);
	if (r == 0)
		r = capture_write(&recorded, cfg->file, cfg->anonymise, ret, err);
	*ret_full = fs_tree_full(recorded.tree);
	fs_close(&recorded);
	return r;
}

static int run_capture(const struct call *call)
{
	const struct capture_cfg *cfg = call->config;
	struct capture_sum sum = { 0 };
	struct err err = { 0 };
	bool full = false;
	struct fs fs;
	int r = capture_open(&fs, cfg->root, &err);

	if (r < 0)
		return cmd_fail_as(EXIT_USAGE, &err);
	r = capture(cfg, &fs, &sum, &full, &err);
	fs_close(&fs);
	return r < 0 ? cmd_fail_as(EXIT_USAGE, &err) : print_sum(cfg, &sum, full);
}

const struct command cmd_capture = {
	.name = "capture",
	.brief = "write what inspect and audit see of this machine to a file",
	.text = "Writes a tar archive, packed by zstd, with exactly the files that 'vlat inspect', 'vlat audit' and a plan "
		"open, and the recorded answers of what is no file (ioctls, CPUID). With it as --root, these commands say "
		"elsewhere what they say here. Run it as root to take what only root may read; what could not be taken is "
		"noted in the archive with the reason. Nothing is changed.\n\n"
		"With --anonymise, host names, MAC and IP addresses, UUIDs, serials, container ids, and the names and command "
		"lines of users' processes are replaced, the same by the same. Look into the archive before you give it away "
		"(tar -tf, tar -xf): what a person wrote into names of groups or files, a machine cannot know.",
	ROWS(options, capture_options),
	ROWS(args, capture_args),
	ROWS(examples, capture_examples),
	CONFIG(capture_defaults),
	.run = run_capture,
};
