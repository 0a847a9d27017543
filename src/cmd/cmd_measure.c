/* SPDX-License-Identifier: Apache-2.0 */
/* vlat measure - one measurement of one system under test. */
#include <errno.h>
#include <math.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/measure_text.h"
#include "cmd/table.h"
#include "cmd/term.h"
#include "run/pool.h"
#include "study/cell.h"
#include "study/interference.h"
#include "study/launch.h"
#include "study/leftovers.h"
#include "study/machine_lock.h"
#include "sut/sut.h"
#include "vm/spec.h"
#include "workload/workload.h"

/* One run lasts a day at most: longer is a mistyped unit. */
#define DURATION_MIN_NS (10 * NS_PER_MS)
#define DURATION_MAX_NS (24 * 3600 * NS_PER_S)
#define WARMUP_MAX_NS   (3600 * NS_PER_S)
#define BYTES_MAX       (1 << 20)

struct measure_cfg {
	const char *workload;
	unsigned sut, tuning, interference, direction, peer_policy, guest_kernel, pages;
	const char *datapath, *device;
	uint64_t duration_ns, warmup_ns, request_bytes, response_bytes;
	double rate;
	uint64_t set_bytes;
	unsigned set_pages;
	uint32_t interval_us, vcpus, memory_mb;
	const char *kernel, *modules, *qemu, *accelerator;
	bool offline, allow_insecure, json;
};

static const struct measure_cfg measure_defaults = {
	.duration_ns = 2 * NS_PER_S,
	.warmup_ns = 300 * NS_PER_MS,
	.request_bytes = 1,
	.response_bytes = 1,
	.interval_us = 1000,
	.vcpus = SUT_VCPUS,
	.memory_mb = SUT_MEMORY_MB,
	.accelerator = "auto",
	.datapath = SUT_DATAPATH,
};

/* In the order of the enums that they index. */
static const char *const sut_choices[] = { "native", "container", "vm", NULL };
static const char *const tuning_choices[] = { "stock", "vlat", NULL };
static const char *const interference_choices[] = { "idle", "busy", NULL };
static const char *const direction_choices[] = { "down", "up", "both", NULL };
static const char *const set_pages_choices[] = { "4k", "2m", "1g", NULL };
static const char *const policy_choices[] = { "fifo", "other", NULL };
static const char *const accelerator_choices[] = { "auto", "kvm", "tcg", NULL };

/* NAME[,key=value...]: the names are choices, the rest is net's to read. */
static int parse_datapath(const struct option_row *row, const char *text, void *field, struct err *err)
{
	int r = sut_datapath_parse(text, err);

	(void) row;
	if (r == 0)
		*(const char **) field = text;
	return r;
}

static const struct option_row measure_args[] = {
	OPT_WORD(struct measure_cfg, workload, .name = "WORKLOAD", .choices_of = workload_names,
		 .help = "what to measure; 'vlat workloads' explains them"),
};

static const struct option_row measure_options[] = {
	OPT_CHOICE(struct measure_cfg, sut, .name = "sut", .choices = sut_choices, .shown = "native",
		   .help = "where: a process of this host, a container, a virtual machine"),
	OPT_(parse_datapath, struct measure_cfg, datapath, const char *, .name = "datapath", .arg = "PATH", .shown = SUT_DATAPATH,
	     .choices_of = sut_datapath_names,
	     .help = "how packets reach it; some take more, as in vf,dev=eth1,vlan=7 (docs/datapaths.md)"),
	OPT_STR(struct measure_cfg, device, .arg = "DEV", .name = "device",
		.help = "network interface or PCI address for the datapaths vf and pf"),
	OPT_CHOICE(struct measure_cfg, guest_kernel, .name = "guest-kernel", .choices_of = guest_kernel_names,
		   .shown = "standard", .help = "kernel of a virtual machine: the distribution's, or its real-time one"),
	OPT_CHOICE(struct measure_cfg, pages, .name = "pages", .choices_of = guest_pages_names, .shown = "tuning",
		   .help = "pages behind a guest's memory; tuning = as --tuning has it, auto = the largest that can be had"),
	OPT_DURATION(struct measure_cfg, duration_ns, .name = "duration", .letter = 'd', .min = DURATION_MIN_NS,
		     .max = DURATION_MAX_NS, .shown = "2s", .help = "how long to record"),
	OPT_DURATION(struct measure_cfg, warmup_ns, .name = "warmup", .max = WARMUP_MAX_NS, .shown = "300ms",
		     .help = "how long to run before recording"),
	OPT_DOUBLE(struct measure_cfg, rate, .arg = "N", .name = "rate", .max = 1000000, .shown = "0",
		   .help = "open loop: N transactions a second on a fixed schedule; 0 = closed loop, as fast as answers come"),
	OPT_SIZE(struct measure_cfg, request_bytes, .name = "request-bytes", .min = 1, .max = BYTES_MAX, .shown = "1",
		 .help = "size of a request"),
	OPT_SIZE(struct measure_cfg, response_bytes, .name = "response-bytes", .min = 1, .max = BYTES_MAX, .shown = "1",
		 .help = "size of a response"),
	OPT_CHOICE(struct measure_cfg, direction, .name = "direction", .choices = direction_choices, .shown = "down",
		   .help = "tcp-stream: the SUT sends (down), receives (up), or half of the time each"),
	OPT_MICROS(struct measure_cfg, interval_us, .name = "interval", .min = 10, .max = 1000000, .shown = "1ms",
		   .help = "wakeup: from one wake-up to the next; a number without a unit is of microseconds"),
	OPT_SIZE(struct measure_cfg, set_bytes, .name = "set", .min = 16 << 10, .max = 64ull << 30,
		 .shown = "beyond the last cache",
		 .help = "memory: the set whose loads are timed, a power of two; every smaller one is in a table beside it"),
	OPT_CHOICE(struct measure_cfg, set_pages, .name = "set-pages", .choices = set_pages_choices, .shown = "4k",
		   .help = "memory: pages of that set in the process that measures; an error where they cannot be had"),
	OPT_CHOICE(struct measure_cfg, tuning, .name = "tuning", .choices = tuning_choices, .shown = "stock",
		   .help = "leave the host as it is, or apply vlat's plan for the time of the measurement"),
	OPT_CHOICE(struct measure_cfg, interference, .name = "interference", .choices = interference_choices, .shown = "idle",
		   .help = "add no load, or keep the host busy with stress-ng meanwhile"),
	OPT_CHOICE(struct measure_cfg, peer_policy, .name = "peer-policy", .choices = policy_choices, .shown = "fifo",
		   .help = "scheduling policy of the client at the other end of the wire, the same for every tuning"),
	OPT_U32(struct measure_cfg, vcpus, .name = "vcpus", .min = 1, .max = VM_VCPUS_MAX, .shown = "1",
		.help = "CPUs of a virtual machine"),
	OPT_U32(struct measure_cfg, memory_mb, .arg = "MB", .name = "memory", .min = 64, .max = 1u << 20, .shown = "256",
		.help = "memory of a virtual machine"),
	OPT_FILE(struct measure_cfg, kernel, .name = "kernel", .help = "guest kernel; default: a stock one of the distribution"),
	OPT_DIR(struct measure_cfg, modules, .name = "modules", .help = "lib/modules/VERSION that belongs to --kernel"),
	OPT_FILE(struct measure_cfg, qemu, .name = "qemu", .help = "QEMU binary; default: found on PATH"),
	OPT_WORD(struct measure_cfg, accelerator, .name = "accelerator", .choices = accelerator_choices, .shown = "auto",
		 .help = "how guest code runs; auto = KVM if a guest really boots with it, else binary translation"),
	OPT_FLAG(struct measure_cfg, offline, .name = "offline", .help = "never download a guest kernel"),
	OPT_FLAG(struct measure_cfg, allow_insecure, .name = "allow-insecure",
		 .help = "let --tuning vlat change settings that lower security, too"),
	OPT_FLAG(struct measure_cfg, json, .name = "json", .help = "print JSON: a cell as docs/results.md describes it"),
};

static const struct example measure_examples[] = {
	{ .line = "vlat measure wakeup", .what = "timer wake-ups of an ordinary process; needs no root" },
	{ .line = "vlat measure tcp-rr --sut container", .what = "request/response times of a container, the host as it is" },
	{ .line = "vlat measure tcp-rr --sut vm --tuning vlat --interference busy",
	  .what = "a tuned VM on a busy host; all is put back afterwards" },
	{ .line = "vlat measure tcp-rr --sut vm --datapath macvtap --pages 2m",
	  .what = "a VM on a macvtap, its memory in pages of 2 MB" },
	{ .line = "vlat measure memory", .what = "what a load costs, by the size of the set and of the pages" },
	{ .line = "vlat measure vmexit", .what = "is KVM good for guests here, and what does it cost to leave one?" },
	{ .line = "vlat measure udp-rr --rate 2000 --duration 10s --json",
	  .what = "2000 requests a second on a fixed schedule, as JSON" },
};

static const struct exit_row measure_exits[] = {
	{ .code = EXIT_NO, .meaning = "the measurement failed" },
};

/* All that one call needs, so that one function can take it down again. */
struct bench {
	const struct measure_cfg *cfg;
	bool quiet;
	struct job job;
	struct launch_spec spec;
	struct tuning_level level;
	struct sut_wish wish;
	struct cell_label label;
	int lock;
	struct tuning_host host;
	struct journal *journal;
	struct sut_kit *kit;
	struct launch *launch;
};

struct taken {
	const char *option;
	bool given, taken;
};

/* The first that is given and not taken; NULL. */
static const char *not_taken(const struct taken *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].given && !rows[i].taken)
			return rows[i].option;
	return NULL;
}

/* An option that changes nothing would be believed to have changed something. */
static const char *not_of_workload(const struct measure_cfg *cfg, const struct workload *w)
{
	const struct taken rows[] = {
		{ "rate", cfg->rate > 0, w->rate },
		{ "request-bytes", cfg->request_bytes != measure_defaults.request_bytes, w->sizes },
		{ "response-bytes", cfg->response_bytes != measure_defaults.response_bytes, w->sizes },
		{ "direction", cfg->direction != measure_defaults.direction, w->direction },
		{ "interval", cfg->interval_us != measure_defaults.interval_us, w->interval },
		{ "set", cfg->set_bytes != 0, w->memory },
		{ "set-pages", cfg->set_pages != measure_defaults.set_pages, w->memory },
	};

	return not_taken(rows, ARRAY_SIZE(rows));
}

static const char *not_of_sut(const struct measure_cfg *cfg)
{
	bool vm = cfg->sut == SUT_VM;
	const struct taken rows[] = {
		{ "guest-kernel", cfg->guest_kernel != measure_defaults.guest_kernel, vm },
		{ "pages", cfg->pages != measure_defaults.pages, vm },
		{ "vcpus", cfg->vcpus != measure_defaults.vcpus, vm },
		{ "memory", cfg->memory_mb != measure_defaults.memory_mb, vm },
		{ "kernel", cfg->kernel != NULL, vm },
		{ "modules", cfg->modules != NULL, vm },
		{ "qemu", cfg->qemu != NULL, vm },
		{ "accelerator", !text_eq(cfg->accelerator, measure_defaults.accelerator), vm },
	};

	return not_taken(rows, ARRAY_SIZE(rows));
}

static int check_levels(const struct measure_cfg *cfg, const struct workload *w, struct err *err)
{
	enum sut_kind kind = (enum sut_kind) cfg->sut;
	const char *extra = not_of_workload(cfg, w);

	if (w->native_only && kind != SUT_NATIVE)
		return err_set(err, -EINVAL, "%s measures this host's own KVM: leave out --sut", w->name);
	if (extra)
		return err_set(err, -EINVAL, "%s takes no --%s; 'vlat workloads' lists what each takes", w->name, extra);
	extra = not_of_sut(cfg);
	if (extra)
		return err_set(err, -EINVAL, "--%s is for virtual machines: add --sut vm, or leave it out", extra);
	if (cfg->guest_kernel && cfg->kernel)
		return err_set(err, -EINVAL, "--guest-kernel and --kernel both name the guest's kernel: leave one of them out");
	if (cfg->modules && !cfg->kernel)
		return err_set(err, -EINVAL, "--modules belongs to --kernel, which is not given: add it, or leave out --modules");
	if (!w->peer && (cfg->device || !text_eq(cfg->datapath, SUT_DATAPATH)))
		return err_set(err, -EINVAL, "%s needs no network: leave out --%s", w->name, cfg->device ? "device" : "datapath");
	return sut_datapath_check(kind, cfg->datapath, err);
}

static int find_workload(struct bench *b, struct err *err)
{
	return workload_find_or_explain(b->cfg->workload, &b->job.workload, err);
}

static int fill_job(struct bench *b, struct err *err)
{
	const struct measure_cfg *cfg = b->cfg;

	b->job.duration_s = (double) cfg->duration_ns / (double) NS_PER_S;
	b->job.warmup_s = (double) cfg->warmup_ns / (double) NS_PER_S;
	b->job.rate = cfg->rate;
	b->job.request_bytes = (uint32_t) cfg->request_bytes;
	b->job.response_bytes = (uint32_t) cfg->response_bytes;
	b->job.direction = (enum direction) cfg->direction;
	b->job.interval_us = cfg->interval_us;
	b->job.set_kb = (uint32_t) ((cfg->set_bytes + 1023) / 1024);
	b->job.pages = (enum pages) cfg->set_pages;
	b->job.side = b->job.workload->peer ? SIDE_SERVER : SIDE_ALONE;
	return job_check(&b->job, err);
}

static void fill_spec(struct bench *b)
{
	const struct measure_cfg *cfg = b->cfg;

	b->level = cfg->tuning ? tuning_vlat : tuning_stock;
	b->level.options.allow_insecure = cfg->allow_insecure;
	b->spec = (struct launch_spec){
		.sut = { .system = { .kind = (enum sut_kind) cfg->sut,
				     .datapath = cfg->datapath,
				     .kernel = (enum guest_kernel) cfg->guest_kernel,
				     .pages = (enum guest_pages) cfg->pages },
			 .peer = b->job.workload->peer,
			 .peer_policy = (enum peer_policy) cfg->peer_policy,
			 .vcpus = cfg->vcpus,
			 .memory_mb = cfg->memory_mb },
		.tuning = &b->level,
		.interference = cfg->interference ? interference_busy : NULL,
	};
	b->wish = (struct sut_wish){ .qemu = cfg->qemu,
				     .kernel = cfg->kernel,
				     .modules = cfg->modules,
				     .device = cfg->device,
				     .whole_kernel = sut_wants_drivers(&b->spec.sut.system),
				     .offline = cfg->offline,
				     .accelerator = cfg->accelerator };
	b->label = (struct cell_label){ .id = 1,
					.block = 1,
					.group = 1,
					.system = &b->spec.sut.system,
					.tuning = b->level.name,
					.interference = interference_choices[cfg->interference],
					.workload = cfg->workload,
					.arm = "main",
					.duration_s = b->job.duration_s,
					.started_wall_ns = clock_wall_ns() };
}

/* What makes or changes nothing outside its own processes needs no record of how to undo it, and no right to write one. */
static bool leaves_traces(const struct launch_spec *spec)
{
	return spec->sut.peer || spec->sut.system.kind != SUT_NATIVE || spec->tuning->kind != TUNING_STOCK || spec->interference;
}

static int open_journal(struct bench *b, struct err *err)
{
	int r;

	pool_await_idle();
	r = machine_lock(&b->lock, err);

	if (r == 0)
		r = leftovers_clear(err);
	return r < 0 ? r : journal_open(&b->journal, "measure", err);
}

static int prepare(struct bench *b, struct err *err)
{
	const struct sut_system *system = &b->spec.sut.system;
	enum sut_part part;
	int r = sut_available(system, &b->wish, b->spec.sut.peer, &part, err);

	if (r == 0)
		r = tuning_available(&b->level, err);
	if (r == 0)
		r = interference_available(b->spec.interference, err);
	if (r == 0 && leaves_traces(&b->spec))
		r = open_journal(b, err);
	if (r == 0)
		r = tuning_host_read(&b->host, err);
	if (r == 0)
		r = sut_kit_open(&b->kit, &b->wish, b->journal, err);
	/* Slow the first time: a guest kernel to fetch, an accelerator to try. */
	if (r == 0)
		r = sut_prepare(b->kit, system, b->spec.sut.peer, &part, err);
	return r;
}

static void show_progress(void *arg, double done_s, double total_s)
{
	const struct bench *b = arg;

	term_status("%s on %s: %.0f of %.0f s", b->label.workload, sut_kind_name(b->label.system->kind), done_s, total_s);
}

static int measure(struct bench *b, json_t **ret, struct err *err)
{
	const struct pair_progress progress = { .tell = b->quiet ? NULL : show_progress, .arg = b };
	struct launch_result got = { 0 };
	int r = launch_up(&b->launch, &b->spec, b->kit, &b->host, b->journal, err);

	if (r < 0)
		return r;
	b->label.started_wall_ns = clock_wall_ns();
	r = launch_measure(b->launch, &b->job, &progress, &got, err);
	if (r < 0)
		return r;
	r = cell_make(&b->label, &got, &b->host, ret, err);
	launch_result_free(&got);
	return r;
}

/* Everything down and undone; also from a half-made state. */
static int take_down(struct bench *b, struct err *err)
{
	struct err ignored = { 0 };
	int r;

	launch_down(b->launch, stop_wanted(), &ignored); /* what it leaves is in the journal */
	sut_kit_close(b->kit);
	r = b->journal ? journal_close(b->journal, err) : 0;
	tuning_host_free(&b->host);
	if (b->lock >= 0)
		close(b->lock);
	return r;
}

static int print_cell(const struct bench *b, const json_t *cell)
{
	struct term t = term_look(1);
	AUTO_FREE char *text = NULL;
	struct sink out = { 0 };

	if (b->cfg->json) {
		text = json_dumps(cell, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
		sink_printf(&out, "%s\n", text ? text : "null");
	} else {
		measure_text(&out, cell, &t);
	}
	return cmd_print(&out);
}

/* The sentence, and for a program that reads JSON the same in a cell. */
static int report_failure(const struct bench *b, const struct err *err)
{
	json_t *cell = b->cfg->json ? cell_failed(&b->label, err) : NULL;

	if (cell)
		print_cell(b, cell);
	json_decref(cell);
	if (err->code == -EPERM || err->code == -EACCES)
		return cmd_fail(err);
	return cmd_fail_as(EXIT_NO, err);
}

static int run_measure(const struct call *call)
{
	struct bench b = { .cfg = call->config, .quiet = call->common->quiet, .job = JOB_INIT, .host.fs.root = -1, .lock = -1 };
	struct err err = { 0 }, undo = { 0 };
	json_t *cell = NULL;
	int r, code, undone;

	if (find_workload(&b, &err) < 0 || check_levels(b.cfg, b.job.workload, &err) < 0 || fill_job(&b, &err) < 0)
		return cmd_usage(call, "%s", err.text);
	fill_spec(&b);
	r = prepare(&b, &err);
	if (r == 0)
		r = measure(&b, &cell, &err);
	undone = take_down(&b, &undo);
	term_status_end();
	code = r == 0 ? print_cell(&b, cell) : report_failure(&b, &err);
	json_decref(cell);
	return undone < 0 ? cmd_fail_as(EXIT_NOT_UNDONE, &undo) : code;
}

const struct command cmd_measure = {
	.name = "measure",
	.brief = "measure one workload in one system under test",
	.text = "Starts the system under test, measures, prints the result and puts everything back. Client and server talk "
		"through network namespaces that vlat makes, so all but 'wakeup' on the host itself need root.\n\n"
		"Every sample is kept in a histogram. With --rate the schedule is fixed: a request that could not be sent in "
		"time because an earlier answer was late counts from when it should have been sent (response time), beside the "
		"time from when it was sent (service time).",
	ROWS(options, measure_options),
	ROWS(args, measure_args),
	ROWS(examples, measure_examples),
	ROWS(exits, measure_exits),
	CONFIG(measure_defaults),
	.run = run_measure,
};
