/* SPDX-License-Identifier: Apache-2.0 */
/* vlat run - the user's own command, container or virtual machine in a tuned place. */
#include <errno.h>
#include <string.h>

#include "base/sink.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/plug_watch.h"
#include "cmd/run_profile.h"
#include "cmd/table.h"
#include "cmd/term.h"
#include "run/run.h"

#define MEMORY_MAX (16ull << 40)

struct run_cfg {
	unsigned kind, tuning, policy, pages, disk_format;
	const char *name, *cpus, *profile, *level, *pool, *net;
	uint32_t priority, node;
	uint64_t memory, grace_ns;
	bool detach, json, offline, writable, cpu_pm, isolate;
	unsigned tty, idle;
	const char *disk, *kernel, *initrd, *append, *qemu, *accelerator;
	const char *rootfs, *bundle, *image;
	struct words command;
};

#define VM_MEMORY_MB 512 /* when --memory is not given; a container has no limit then */
#define OWN_NODE     UINT32_MAX

static const struct run_cfg run_defaults = { .memory = 0, .node = OWN_NODE };

/* In the order of the enums that they index. */
static const char *const kind_choices[] = { "native", "container", "vm", NULL };
static const char *const tuning_choices[] = { "vlat", "none", NULL };
static const char *const idle_choices[] = { "halt", "haltpoll", "poll", NULL };
static const char *const tty_choices[] = { "auto", "never", NULL };
static const char *const policy_choices[] = { "other", "fifo", NULL };
static const char *const page_choices[] = { "default", "4k", "2m", "1g", "auto", NULL };
static const char *const format_choices[] = { "auto", "raw", "qcow2", NULL };
static const char *const accelerator_choices[] = { "auto", "kvm", "tcg", NULL };

static const struct option_row run_args[] = {
	OPT_CHOICE(struct run_cfg, kind, .name = "KIND", .choices = kind_choices,
		   .help = "a command of this host, a container, a virtual machine"),
	OPT_REST(struct run_cfg, command, .name = "COMMAND", .optional = true,
		 .help = "what to run, after --: for native always, for a container where its image does not say it"),
};

static const struct option_row run_options[] = {
	OPT_STR(struct run_cfg, name, .name = "name", .arg = "NAME",
		.help = "what to call it, for vlat ps, stop and console; default: the id of the run"),
	OPT_STR(struct run_cfg, cpus, .name = "cpus", .arg = "LIST|COUNT",
		.help = "2 = two CPUs of different cores, 2-3,5 = these, \"2,\" = CPU 2; default 1; a VM has as many vCPUs"),
	OPT_CHOICE(struct run_cfg, tuning, .name = "tuning", .choices = tuning_choices, .shown = "vlat",
		   .help = "set its CPUs apart and tune the host as 'vlat plan' says, or only pin"),
	OPT_STR(struct run_cfg, profile, .name = "profile", .arg = "PROFILE",
		.help = "tune the host as 'vlat tune PROFILE' would; default: as 'vlat plan' says"),
	OPT_WORD(struct run_cfg, level, .name = "level", .arg = "LEVEL", .choices = level_names, .shown = "as the profile says",
		 .help = "with --profile: safe, standard or extreme"),
	OPT_STR(struct run_cfg, pool, .name = "pool", .arg = "LIST",
		.help = "CPUs to set apart for this run and later ones; default: those of the first run alone"),
	OPT_CHOICE(struct run_cfg, policy, .name = "policy", .choices = policy_choices, .shown = "other",
		   .help = "scheduling policy; with fifo a thread that never sleeps keeps its CPU for ever: docs/run.md"),
	OPT_U32(struct run_cfg, priority, .name = "priority", .max = RUN_FIFO_MAX, .shown = "1 with fifo",
		.help = "of --policy fifo"),
	OPT_STR(struct run_cfg, net, .name = "net", .arg = "DATAPATH",
		.help = "how packets reach it, such as bridge or macvtap,dev=eth1 (docs/datapaths.md); default: none, "
			"for a native command the host's"),
	OPT_FLAG(struct run_cfg, detach, .name = "detach", .letter = 'd',
		 .help = "return when it runs; it stays until vlat stop"),
	OPT_DURATION(struct run_cfg, grace_ns, .name = "grace",
		     .help = "time it is given to end when it is told to; default 10s, for a VM 60s"),
	OPT_FLAG(struct run_cfg, json, .name = "json", .help = "with --detach: print what runs as JSON"),
	OPT_FILE(struct run_cfg, disk, .name = "disk", .help = "VM: image to boot from; the guest writes to it"),
	OPT_CHOICE(struct run_cfg, disk_format, .name = "disk-format", .choices = format_choices, .shown = "auto",
		   .help = "VM: auto goes by the name, *.qcow2 or not"),
	OPT_SIZE(struct run_cfg, memory, .name = "memory", .letter = 'm', .min = 1 << 20, .max = MEMORY_MAX,
		 .shown = "512M for a VM, no limit for a container",
		 .help = "VM: its memory; container: the most that it may use"),
	OPT_CHOICE(struct run_cfg, pages, .name = "pages", .choices = page_choices, .shown = "default",
		   .help = "VM: pages behind its memory; auto = the largest that can be had"),
	OPT_U32(struct run_cfg, node, .name = "node", .max = 1023, .shown = "that of its CPUs",
		.help = "VM: NUMA node that its memory is taken from"),
	OPT_FLAG(struct run_cfg, cpu_pm, .name = "cpu-pm",
		 .help = "VM: an idle vCPU keeps its CPU, and wakes sooner; refused where that CPU is not set apart"),
	OPT_CHOICE(struct run_cfg, idle, .name = "idle", .choices = idle_choices, .shown = "halt",
		   .help = "VM with --kernel: what its idle vCPUs do"),
	OPT_FLAG(struct run_cfg, isolate, .name = "isolate-in-guest",
		 .help = "VM with --kernel: its vCPU 0 keeps the guest's house, the others are isolated there"),
	OPT_FILE(struct run_cfg, kernel, .name = "kernel", .help = "VM: kernel to boot instead of what the disk holds"),
	OPT_FILE(struct run_cfg, initrd, .name = "initrd", .help = "VM: initramfs for --kernel"),
	OPT_STR(struct run_cfg, append, .name = "append", .arg = "WORDS", .help = "VM: command line for --kernel"),
	OPT_FILE(struct run_cfg, qemu, .name = "qemu", .help = "VM: QEMU binary; default: found on PATH"),
	OPT_WORD(struct run_cfg, accelerator, .name = "accelerator", .choices = accelerator_choices, .shown = "auto",
		 .help = "VM: auto = KVM if a guest really boots with it, else binary translation"),
	OPT_FLAG(struct run_cfg, offline, .name = "offline",
		 .help = "VM: never download the kernel that --accelerator auto tries"),
	OPT_DIR(struct run_cfg, rootfs, .name = "rootfs", .help = "container: folder that is its root"),
	OPT_FLAG(struct run_cfg, writable, .name = "writable", .help = "container: it may change --rootfs"),
	OPT_CHOICE(struct run_cfg, tty, .name = "tty", .choices = tty_choices, .shown = "auto",
		   .help = "container: auto = a terminal of its own when vlat is in one"),
	OPT_DIR(struct run_cfg, bundle, .name = "bundle", .help = "container: OCI bundle, whose config.json counts"),
	OPT_STR(struct run_cfg, image, .name = "image", .arg = "REF", .help = "container: image of podman or docker"),
};

static const struct example run_examples[] = {
	{ .line = "vlat run native --cpus 1 -- ./server --port 80",
	  .what = "a command with a CPU of its own; its exit status is vlat's" },
	{ .line = "vlat run vm --name db --cpus 2 --memory 4G --disk db.qcow2 --net macvtap,dev=eth1 --detach",
	  .what = "a virtual machine that stays; vlat ps, vlat console db, vlat stop db" },
	{ .line = "vlat run container --name web --cpus 3, --rootfs ./web --net bridge -- /bin/server",
	  .what = "a container on CPU 3" },
};

static const struct exit_row run_exits[] = {
	{ .code = EXIT_NO, .meaning = "of native and container: what COMMAND says; 128 + N when signal N ended it" },
};

static enum vm_disk_format disk_format(const struct run_cfg *cfg)
{
	if (cfg->disk_format)
		return cfg->disk_format == 1 ? VM_DISK_RAW : VM_DISK_QCOW2;
	return cfg->disk && text_ends(cfg->disk, ".qcow2") ? VM_DISK_QCOW2 : VM_DISK_RAW;
}

static unsigned memory_mb(const struct run_cfg *cfg)
{
	return cfg->memory ? (unsigned) (cfg->memory >> 20) : cfg->kind == RUN_VM ? VM_MEMORY_MB : 0;
}

static void fill(const struct run_cfg *cfg, const char *const *command, struct run_spec *ret)
{
	*ret = (struct run_spec){
		.kind = (enum run_kind) cfg->kind,
		.name = cfg->name,
		.cpus = cfg->cpus,
		.tuned = cfg->tuning == 0,
		.pool = cfg->pool,
		.policy = (enum run_policy) cfg->policy,
		.priority = cfg->priority,
		.net = cfg->net,
		.command = command,
		.grace_ns = cfg->grace_ns,
		.rootfs = cfg->rootfs,
		.bundle = cfg->bundle,
		.image = cfg->image,
		.writable = cfg->writable,
		.terminal = cfg->tty == 0,
		.memory_mb = memory_mb(cfg),
		.pages = (enum vm_pages) cfg->pages,
		.on_node = cfg->node != OWN_NODE,
		.node = cfg->node,
		.cpu_pm = cfg->cpu_pm,
		.isolate = cfg->isolate,
		.idle = (enum vm_idle) cfg->idle,
		.disk = { .path = cfg->disk, .format = disk_format(cfg) },
		.kernel = cfg->kernel,
		.initrd = cfg->initrd,
		.append = cfg->append,
		.qemu = cfg->qemu,
		.accelerator = cfg->accelerator,
		.offline = cfg->offline,
	};
}

/* "vm 'db' runs on CPUs 2-3 (isolated), bridge: 198.18.0.2 in netns vlat-x-p" */
static void describe(const struct run_record *r, struct sink *out)
{
	char cpus[128];

	sink_printf(out, "%s '%s' runs", run_kind_name(r->kind), r->name);
	if (!cpuset_empty(&r->cpus))
		sink_printf(out, " on CPUs %s (%s)", cpuset_list(&r->cpus, cpus, sizeof(cpus)), r->tuning);
	if (r->datapath[0])
		sink_printf(out, ", network %s", r->datapath);
	if (r->address[0])
		sink_printf(out, " (%s)", r->address);
}

/* A person who stays at the terminal of a VM wants to know how to get in and out. */
static void say_up(void *arg, const struct run_record *r)
{
	const struct call *call = arg;
	struct sink out = { 0 };

	if (call->common->quiet || r->kind != RUN_VM)
		return;
	describe(r, &out);
	sink_printf(&out, "; its console: vlat console %s; Ctrl-C shuts it down", r->name);
	term_say(PAINT_NONE, "vlat:", out.text);
	sink_free(&out);
}

static int detach(const struct call *call, const struct run_spec *spec)
{
	const struct run_cfg *cfg = call->config;
	struct run_record rec;
	struct sink out = { 0 };
	struct err err = { 0 };
	json_t *o;
	char *text;

	if (run_detach(spec, &rec, &err) < 0)
		return cmd_fail(&err);
	if (!cfg->json) {
		describe(&rec, &out);
		sink_printf(&out, "; log: %s\n", rec.log);
		return cmd_print(&out);
	}
	o = run_record_json(&rec);
	text = json_dumps(o, JSON_INDENT(2));
	sink_printf(&out, "%s\n", text ? text : "null");
	free(text);
	json_decref(o);
	return cmd_print(&out);
}

static int exit_of(const struct run_end *end)
{
	if (end->undone < 0)
		return EXIT_NOT_UNDONE;
	return end->by_signal ? 128 + end->code : end->code;
}

static int stay(const struct call *call, const struct run_spec *spec)
{
	const struct run_watch watch = { .up = say_up, .arg = (void *) (uintptr_t) call };
	struct run_end end = { 0 };
	struct err err = { 0 };

	if (run_supervise(spec, &watch, &end, &err) < 0)
		return end.undone < 0 ? cmd_fail_as(EXIT_NOT_UNDONE, &err) : cmd_fail(&err);
	return exit_of(&end);
}

static int run_run(const struct call *call)
{
	const struct run_cfg *cfg = call->config;
	const struct tune_wish wish = {
		.profile = cfg->profile,
		.level = cfg->level,
		.vm_memory_mb = cfg->kind == RUN_VM ? memory_mb(cfg) : 0,
	};
	const char **command = xalloc(cfg->command.n + 1, sizeof(*command));
	struct run_profile profile;
	struct plug_watch plug;
	struct run_spec spec;
	struct err err = { 0 };
	int r;

	for (size_t i = 0; i < cfg->command.n; i++)
		command[i] = cfg->command.at[i];
	fill(cfg, cfg->command.n ? command : NULL, &spec);
	run_profile_init(&profile, &wish);
	plug_watch_init(&plug);
	spec.watch = &plug.watch;
	spec.tuner = cfg->profile ? &profile.tuner : NULL;
	if (cfg->level && !cfg->profile)
		r = cmd_usage(call, "--level %s is for --profile", cfg->level);
	else if (run_spec_check(&spec, &err) < 0)
		r = cmd_usage(call, "%s", err.text);
	else if (cfg->json && !cfg->detach)
		r = cmd_usage(call, "--json is for --detach: without it, what the command prints is all there is");
	else
		r = cfg->detach ? detach(call, &spec) : stay(call, &spec);
	free(command);
	return r;
}

const struct command cmd_run = {
	.name = "run",
	.brief = "run a command, container or VM of one's own, tuned",
	.text = "Starts a workload on CPUs that are its own. The first run that wants it sets CPUs apart and tunes the host as "
		"'vlat plan' shows; later runs share that, and the last one to end puts everything back. No two runs have the "
		"same CPU.\n\n"
		"A native command keeps terminal, input and output, and vlat ends with its exit status. Ctrl-C in front of a "
		"virtual machine presses its power button, a second one switches it off. With --detach the run outlives the "
		"terminal.\n\n"
		"When vlat itself is killed, 'vlat revert' cleans up.",
	ROWS(options, run_options),
	ROWS(args, run_args),
	ROWS(examples, run_examples),
	ROWS(exits, run_exits),
	CONFIG(run_defaults),
	.run = run_run,
};
