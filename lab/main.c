/* SPDX-License-Identifier: Apache-2.0 */
/* vlat-lab - run a command on an emulated host; lab/run and lab/shell start it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/sink.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "cmd/option.h"
#include "lab.h"

struct config {
	const char *kernel, *modules, *cmdline, *nic, *smp, *qemu, *out, *persist;
	uint32_t cpus;
	uint64_t memory, timeout_ns, disk_bytes;
	bool disk, tty, verbose, help;
	struct words command;
};

static const struct config defaults = {
	.kernel = "standard",
	.cpus = 2,
	.memory = 2048ull << 20,
	.timeout_ns = 300 * NS_PER_S,
	.disk_bytes = 8ull << 30,
};

#define ROW(parser, field, ...) OPT_##parser(struct config, field, __VA_ARGS__)

static const struct option_row options[] = {
	ROW(STR, kernel, .name = "kernel", .arg = "KIND", .shown = "standard",
	    .help = "standard, rt, cloud, backports or backports-rt: fetched and unpacked once, never installed; or a kernel file"),
	ROW(STR, modules, .name = "modules", .arg = "DIR", .help = "the modules of such a kernel, when they are not found by its path"),
	ROW(STR, cmdline, .name = "cmdline", .arg = "WORDS", .help = "more boot parameters: \"isolcpus=1 nohz_full=1\""),
	ROW(U32, cpus, .name = "cpus", .arg = "N", .shown = "2", .help = "CPUs of the emulated host"),
	ROW(STR, smp, .name = "smp", .arg = "WORDS", .help = "instead of --cpus, as QEMU's -smp: \"sockets=2,cores=2,threads=2\""),
	ROW(SIZE, memory, .name = "memory", .arg = "SIZE", .shown = "2G", .help = "its memory, which also holds what is written"),
	ROW(STR, nic, .name = "nic", .arg = "LIST",
	    .help = "network cards, plugged into one switch: igb (SR-IOV, 7 virtual functions), e1000e, virtio; \"igb,virtio\""),
	ROW(FLAG, disk, .name = "disk", .help = "an empty disk of 8 GiB, /dev/vda; needs no space until written to"),
	ROW(STR, persist, .name = "persist", .arg = "DIR",
	    .help = "folder that is writable in the lab too, at the same path ($LAB_PERSIST): survives from one boot to the next"),
	ROW(STR, out, .name = "out", .arg = "DIR",
	    .help = "folder that takes what the command leaves ($LAB_OUT, same path), console.log and qemu.log"),
	ROW(DURATION, timeout_ns, .name = "timeout", .arg = "TIME", .shown = "5m", .min = NS_PER_S,
	    .help = "end everything when it takes longer, with exit code 124"),
	ROW(STR, qemu, .name = "qemu", .arg = "WORDS", .help = "more words for QEMU, parted by blanks: \"-numa node,cpus=0 ...\""),
	ROW(FLAG, tty, .name = "tty", .letter = 't', .help = "a terminal for the command (lab/shell); Ctrl-] ends the lab"),
	ROW(FLAG, verbose, .name = "verbose", .letter = 'v', .help = "say how long the boot took"),
	ROW(FLAG, help, .name = "help", .letter = 'h', .ends = true, .help = "print this help"),
};

static const struct option_row args[] = {
	OPT_REST(struct config, command, .name = "COMMAND", .optional = true),
};

static void say(enum log_level level, const char *text)
{
	if (level != LOG_DEBUG_)
		fprintf(stderr, "lab: %s\n", text);
}

static void say_all(enum log_level level, const char *text)
{
	(void) level;
	fprintf(stderr, "lab: %s\n", text);
}

static int fail(const struct err *err)
{
	fprintf(stderr, "lab: %s\n", err->text);
	return err->code == -EINTR ? LAB_INTERRUPTED : err->code == -ETIME ? LAB_TIMEOUT : LAB_FAILED;
}

static int print_help(void)
{
	printf("Usage: lab/run [OPTION]... -- COMMAND...\n\n"
	       "Run COMMAND as root on an emulated host with an IOMMU, SR-IOV, huge pages and nested KVM,\n"
	       "whose files are this machine's own: what it writes is gone afterwards, but for --out and\n"
	       "--persist.  The exit code is the command's; 124: too late; 125: the lab failed; 130: stopped.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option_row *o = &options[i];
		char label[40];

		text_print(label, sizeof(label), "--%s%s%s", o->name, o->parse ? " " : "", o->parse ? option_arg(o) : "");
		printf("  %-16s %s%s%s%s\n", label, o->help, o->shown ? " (default: " : "", o->shown ? o->shown : "",
		       o->shown ? ")" : "");
	}
	return 0;
}

static int spec_make(struct lab_spec *s, const struct config *c, struct err *err)
{
	int r;

	*s = (struct lab_spec){
		.cmdline = c->cmdline,
		.qemu_words = c->qemu,
		.smp = c->smp,
		.cpus = c->cpus,
		.memory_mb = (unsigned) (c->memory >> 20),
		.disk_bytes = c->disk ? c->disk_bytes : 0,
		.out = c->out,
		.persist = c->persist,
		.timeout_ns = c->timeout_ns,
		.tty = c->tty,
		.command = c->command.at,
	};
	if (strchr(c->kernel, '/'))
		r = lab_kernel_own(s, c->kernel, c->modules, err);
	else if (c->modules)
		r = err_set(err, -EINVAL, "--modules goes with a kernel file: --kernel PATH");
	else
		r = (s->kernel = lab_kernel_named(c->kernel, err)) ? 0 : err->code;
	if (r < 0)
		return r;
	if (c->nic && lab_nics_parse(s, c->nic, err) < 0)
		return err->code;
	return lab_spec_check(s, err);
}

int main(int argc, char **argv)
{
	struct config config = defaults;
	const struct option_table table = { .rows = options, .n = ARRAY_SIZE(options), .cfg = &config };
	const struct option_table rest = { .rows = args, .n = ARRAY_SIZE(args), .cfg = &config };
	struct lab_spec spec;
	struct err err = { 0 };
	int r;

	if (argc > 2 && text_eq(argv[1], VIRTIOFS_SERVE))
		return virtiofs_serve(argv + 2);
	if (stop_install() < 0 || options_parse(&table, 1, &rest, argc - 1, argv + 1, &err) < 0)
		return fail(&err);
	if (config.help)
		return print_help();
	log_install(config.verbose ? say_all : say);
	r = spec_make(&spec, &config, &err);
	if (r >= 0)
		r = lab_run(&spec, &err);
	return r < 0 ? fail(&err) : r;
}
