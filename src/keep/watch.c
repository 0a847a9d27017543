/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who strays?  A thread whose affinity lies within the isolated CPUs was put
 * there on purpose; a kernel thread that may not be moved belongs to its CPU.
 * Any other that runs on an isolated CPU may run elsewhere too and should
 * have: it is a stranger.
 */
#include "keep/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/irq.h"
#include "host/steal.h"
#include "host/task.h"

#define MOST_TEXT ((size_t) 16 << 20)

const char *const interrupt_kinds[INTERRUPT_KINDS] = {
	[INTERRUPT_DEVICE] = "device",
	[INTERRUPT_TIMER] = "timer",
	[INTERRUPT_CALL] = "call",
	[INTERRUPT_OTHER] = "other",
};

typedef VEC(struct watch_thread) thread_vec;

static struct watch_cpu *find_cpu(struct watch *w, unsigned cpu)
{
	size_t low = 0, high = w->n_cpus;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (w->cpus[mid].cpu < cpu)
			low = mid + 1;
		else
			high = mid;
	}
	return low < w->n_cpus && w->cpus[low].cpu == cpu ? &w->cpus[low] : NULL;
}

static void name_cpus(struct watch *w, const struct cpuset *isolated)
{
	size_t i = 0;

	free(w->cpus);
	w->n_cpus = cpuset_count(isolated);
	w->cpus = xalloc(w->n_cpus + 1, sizeof(*w->cpus));
	for (int c = -1; (c = cpuset_next(isolated, c)) >= 0;)
		w->cpus[i++].cpu = (unsigned) c;
}

/* The labels of arch/x86/kernel/irq.c and arch/arm64's IPI rows. */
static enum interrupt_kind kind_of(const char *label)
{
	static const char *const calls[] = { "RES", "CAL", "TLB", "IWI" };

	if (*label >= '0' && *label <= '9')
		return INTERRUPT_DEVICE;
	if (text_eq(label, "LOC"))
		return INTERRUPT_TIMER;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (text_eq(label, calls[i]))
			return INTERRUPT_CALL;
	return text_starts(label, "IPI") ? INTERRUPT_CALL : INTERRUPT_OTHER;
}

struct counting {
	struct watch *w;
	unsigned columns[INTERRUPTS_CPUS];
};

static void count_row(const char *label, const uint64_t *counts, size_t n, void *arg)
{
	struct counting *c = arg;
	enum interrupt_kind kind = kind_of(label);

	for (size_t i = 0; i < n; i++) {
		struct watch_cpu *cpu = counts[i] ? find_cpu(c->w, c->columns[i]) : NULL;

		if (cpu)
			cpu->interrupts[kind] += counts[i];
	}
}

static int look_interrupts(struct watch *w, const struct fs *fs)
{
	struct counting *c;
	AUTO_FREE char *text = NULL;
	int r = fs_read_all(fs, "proc/interrupts", MOST_TEXT, &text, NULL);

	if (r < 0)
		return r;
	c = xalloc(1, sizeof(*c));
	c->w = w;
	r = interrupts_parse(text, c->columns, count_row, c);
	free(c);
	return r < 0 ? r : 0;
}

/* "cpu3 user nice system idle iowait irq softirq steal guest guest_nice", in ticks. */
static bool stat_line(void *arg, const char *line)
{
	struct watch *w = arg;
	const char *at = line;
	double tick = 1.0 / (double) sysconf(_SC_CLK_TCK);
	uint64_t cpu, f[8];
	struct watch_cpu *c;

	if (!take_text(&at, "cpu"))
		return false;
	if (!take_u64(&at, &cpu))
		return true; /* the sum over all */
	for (size_t i = 0; i < ARRAY_SIZE(f); i++)
		if (!take_blanks(&at) || !take_u64(&at, &f[i]))
			return true;
	c = cpu < CPUSET_MAX ? find_cpu(w, (unsigned) cpu) : NULL;
	if (c) {
		c->busy_s = (double) (f[0] + f[1] + f[2] + f[5] + f[6]) * tick;
		c->steal_s = (double) f[7] * tick;
	}
	return true;
}

static bool number_after(const char *text, const char *key, uint64_t *ret)
{
	const char *at = strstr(text, key);

	if (!at)
		return false;
	at += strlen(key);
	return take_blanks(&at) && take_u64(&at, ret);
}

bool watch_switches(const char *status, uint64_t *ret_all, uint64_t *ret_preempted)
{
	uint64_t own, forced;

	if (!number_after(status, "\nvoluntary_ctxt_switches:", &own) ||
	    !number_after(status, "\nnonvoluntary_ctxt_switches:", &forced))
		return false;
	*ret_all = own + forced;
	*ret_preempted = forced;
	return true;
}

struct looking {
	struct watch *w;
	const struct fs *fs;
	const struct cpuset *isolated;
	bool first; /* nothing to compare with */
	thread_vec threads, others;
};

static bool read_switches(const struct looking *l, pid_t pid, const struct proc_stat *s, struct watch_thread *ret)
{
	char text[4096];

	*ret = (struct watch_thread){ .tid = s->tid, .start = s->start_time };
	return fs_readf(l->fs, text, sizeof(text), "proc/%d/task/%d/status", (int) pid, (int) s->tid) >= 0 &&
	       watch_switches(text, &ret->switches, &ret->preempted);
}

static const struct watch_thread *seen_before(const struct watch_thread *at, size_t n, const struct watch_thread *t)
{
	for (size_t i = 0; i < n; i++)
		if (at[i].tid == t->tid && at[i].start == t->start)
			return &at[i];
	return NULL;
}

static void note_confined(struct looking *l, pid_t pid, const struct proc_stat *s)
{
	const struct watch_thread *old;
	struct watch_thread t;

	if (!read_switches(l, pid, s, &t))
		return;
	old = seen_before(l->w->threads, l->w->n_threads, &t);
	if (old && t.preempted > old->preempted)
		l->w->preempted += t.preempted - old->preempted;
	*vec_add(&l->threads) = t;
}

/* One that sleeps since it was there long ago harms nobody: it counts when it has run since the last look. */
static void note_other(struct looking *l, pid_t pid, const struct proc_stat *s)
{
	const struct watch_thread *old;
	struct watch_thread t;
	bool ran;

	if (!read_switches(l, pid, s, &t))
		return;
	old = seen_before(l->w->others, l->w->n_others, &t);
	ran = s->state == 'R' || (old ? t.switches != old->switches : !l->first);
	*vec_add(&l->others) = t;
	if (!ran)
		return;
	*(s->flags & PROC_PF_KTHREAD ? &l->w->k_strangers : &l->w->strangers) += 1;
	text_print(l->w->stranger, sizeof(l->w->stranger), "%.31s", s->comm);
}

static void look_task(struct looking *l, pid_t pid, pid_t tid)
{
	struct cpuset allowed, on;
	struct proc_stat s;
	char text[2048];

	if (!task_read_allowed(l->fs, pid, tid, &allowed))
		return;
	on = cpuset_and(&allowed, l->isolated);
	if (cpuset_empty(&on))
		return;
	if (fs_readf(l->fs, text, sizeof(text), "proc/%d/task/%d/stat", (int) pid, (int) tid) < 0 || !proc_stat_parse(text, &s))
		return;
	if (s.flags & PROC_PF_NO_SETAFFINITY || s.state == 'Z')
		return;
	if (cpuset_within(&allowed, l->isolated)) {
		if (!(s.flags & PROC_PF_KTHREAD))
			note_confined(l, pid, &s);
	} else if (s.processor >= 0 && cpuset_has(l->isolated, (unsigned) s.processor)) {
		note_other(l, pid, &s);
	}
}

static void look_process(struct looking *l, const char *name)
{
	struct fs_names tids = { 0 };
	char path[48];
	uint64_t pid, tid;

	if (text_u64(name, &pid) < 0 || pid > INT32_MAX || text_print(path, sizeof(path), "proc/%s/task", name) ||
	    fs_list(l->fs, path, &tids) < 0)
		return;
	for (size_t i = 0; i < tids.n; i++)
		if (text_u64(tids.at[i], &tid) == 0 && tid > 0 && tid <= INT32_MAX)
			look_task(l, (pid_t) pid, (pid_t) tid);
	fs_list_free(&tids);
}

static int look_tasks(struct watch *w, const struct fs *fs, const struct cpuset *isolated)
{
	struct looking l = { .w = w, .fs = fs, .isolated = isolated, .first = !w->looked };
	struct fs_names pids = { 0 };
	int r = fs_list(fs, "proc", &pids);

	w->strangers = w->k_strangers = 0;
	w->stranger[0] = '\0';
	if (r < 0)
		return r;
	for (size_t i = 0; i < pids.n; i++)
		look_process(&l, pids.at[i]);
	fs_list_free(&pids);
	free(w->threads);
	free(w->others);
	w->threads = l.threads.at;
	w->n_threads = l.threads.n;
	w->others = l.others.at;
	w->n_others = l.others.n;
	w->looked = true;
	return 0;
}

static void look_throttling(struct watch *w, const struct fs *fs)
{
	struct steal_sample *s = xalloc(1, sizeof(*s));
	struct err ignored = { 0 };
	int64_t runtime = -1;

	if (steal_read(fs, s, &ignored) == 0) {
		w->thermal = s->thermal_throttles;
		w->quota = s->quota_throttled;
	}
	free(s);
	w->rt_limited = fs_read_i64(fs, "proc/sys/kernel/sched_rt_runtime_us", &runtime) == 0 && runtime >= 0;
}

int watch_look(struct watch *w, const struct fs *fs, const struct cpuset *isolated, struct err *err)
{
	int r;

	name_cpus(w, isolated);
	r = look_interrupts(w, fs);
	if (r < 0)
		return err_sys(err, r, "cannot read /proc/interrupts");
	r = fs_lines(fs, "proc/stat", stat_line, w);
	if (r < 0)
		return err_sys(err, r, "cannot read /proc/stat");
	look_throttling(w, fs);
	r = look_tasks(w, fs, isolated);
	return r < 0 ? err_sys(err, r, "cannot list /proc") : 0;
}

void watch_free(struct watch *w)
{
	free(w->cpus);
	free(w->threads);
	free(w->others);
	*w = (struct watch){ 0 };
}
