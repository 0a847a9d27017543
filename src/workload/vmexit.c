/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmexit - the price list of this machine's KVM, and whether it is good for
 * guests at all.
 *
 * The built-in guest (kvm/guest.c) runs in rounds; in each, every way out is
 * taken some dozens of times, and stamped by the guest's own TSC.  Rounds, not
 * one price after the other: what disturbs the machine for a moment then
 * touches all of them a little instead of one of them a lot.
 *
 * First comes a round of two prices that need next to nothing of KVM.  They
 * tell whether the CPU itself runs the guest's code; if it does not, prices
 * would be those of an emulator, and the answer is a sentence.  A price whose
 * program does not come back is struck off, and the guest is made anew.
 *
 * The samples of the record are the exits of CPUID.
 */
#include "workload/vmexit.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/vec.h"
#include "workload/run.h"
#include "workload/table.h"

#define VERDICT_NS (5 * NS_PER_S)       /* real KVM takes milliseconds, nested and emulated half a second */
#define ROUND_NS   (10 * NS_PER_S)
#define BASICS     (1u << PRICE_LOOP | 1u << PRICE_CPUID)
#define ALL        ((1u << PRICE_KINDS) - 1)

struct vmexit {
	struct run *run;
	struct vmexit_detail *detail;
	struct exits *exits;
	unsigned prices;                /* mask of those that come back */
};

static bool ending(void *ctx)
{
	return run_ending(ctx);
}

static int open_guest(struct vmexit *v, unsigned prices, uint64_t allowed_ns, struct err *err)
{
	const struct exits_opts opts = { .prices = prices, .ending = ending, .ctx = v->run };

	return exits_open(&v->exits, &opts, clock_ns() + allowed_ns, err);
}

/* Is there a KVM that lets the CPU run guests? */
static int verdict(struct vmexit *v, struct err *err)
{
	struct vmexit_detail *d = v->detail;
	int r = open_guest(v, BASICS, VERDICT_NS, &d->why);

	if (r == 0)
		r = exits_round(v->exits, clock_ns() + VERDICT_NS, &d->why);
	if (r == 0)
		r = exits_verdict(exits_seen(v->exits), &d->why);
	exits_close(v->exits);
	v->exits = NULL;
	if (r == -EINTR)
		return run_interrupted(v->run, err);
	if (r < 0)
		return err_set(err, r, "KVM is not usable here, because %s", d->why.text);
	d->usable = true;
	return 0;
}

/* A round that hung says where: that price is struck off. */
static int round_or_less(struct vmexit *v, struct err *err)
{
	struct err why = { 0 };
	int r = v->exits ? 0 : open_guest(v, v->prices, ROUND_NS, &why), at;

	if (r == 0)
		r = exits_round(v->exits, clock_ns() + ROUND_NS, &why);
	if (r == 0)
		return 0;
	if (r == -EINTR)
		return run_interrupted(v->run, err);
	at = v->exits ? exits_seen(v->exits)->current : -1;
	exits_close(v->exits);
	v->exits = NULL;
	if (r != -ETIME || at < 0 || at >= PRICE_KINDS || (BASICS & 1u << at))
		return err_set(err, r, "%s", why.text);
	v->detail->prices[at].why = why;
	v->prices &= ~(1u << at);
	return 1;
}

static uint64_t sample_ns(const struct exits_shared *s, enum price p, uint64_t ticks)
{
	unsigned divide = price_rows[p].divide ? price_rows[p].divide : 1;

	return (uint64_t) (exits_ns(s, p, ticks) * divide + 0.5);
}

static void take_price(struct vmexit_price *to, const struct exits_shared *s, enum price p)
{
	const struct exits_row *row = &s->rows[p];

	if (row->why.code)
		to->why = row->why;
	for (uint32_t i = 0; i < row->n; i++)
		histogram_add(&to->inside, sample_ns(s, p, row->ticks[i]));
	for (uint32_t i = 0; price_rows[p].outside && i < row->n_outside; i++)
		histogram_add(&to->outside, row->outside_ns[i]);
}

static void take_round(struct vmexit *v, uint64_t now)
{
	const struct exits_shared *s = exits_seen(v->exits);
	const struct exits_row *cpuid = &s->rows[PRICE_CPUID];
	struct vmexit_detail *d = v->detail;

	d->tsc_khz = s->tsc_khz;
	d->rounds++;
	for (int p = 0; p < PRICE_KINDS; p++)
		if (v->prices & 1u << p)
			take_price(&d->prices[p], s, (enum price) p);
	for (uint32_t i = 0; i < cpuid->n; i++)
		recorder_add(&v->run->response, now, sample_ns(s, PRICE_CPUID, cpuid->ticks[i]));
	v->run->transactions += cpuid->n;
}

static void forget(struct vmexit *v)
{
	for (int p = 0; p < PRICE_KINDS; p++) {
		histogram_clear(&v->detail->prices[p].inside);
		histogram_clear(&v->detail->prices[p].outside);
	}
	v->detail->rounds = 0;
	v->run->transactions = 0;
	v->run->begin_ns = v->run->end_ns = run_now(v->run);
	recorder_begin(&v->run->response, v->run->begin_ns);
}

/* At least one whole round, then as many as begin in time. */
static int rounds_until(struct vmexit *v, uint64_t length_ns, struct err *err)
{
	uint64_t until = run_now(v->run) + length_ns;

	do {
		int r = round_or_less(v, err);

		if (r < 0)
			return r;
		run_beat(v->run);
		v->run->end_ns = run_now(v->run);
		if (r == 0)
			take_round(v, v->run->end_ns);
	} while (v->detail->rounds == 0 || run_now(v->run) < until);
	return 0;
}

static int measure(struct vmexit *v, struct err *err)
{
	const struct job *job = v->run->job;
	int r;

	forget(v);
	r = verdict(v, err);
	if (r == 0)
		r = rounds_until(v, (uint64_t) (job->warmup_s * 1e9), err);
	forget(v);
	if (r == 0)
		r = rounds_until(v, (uint64_t) (job->duration_s * 1e9), err);
	recorder_end(&v->run->response);
	exits_close(v->exits);
	return r;
}

static int vmexit_alone(struct run *run, struct err *err)
{
	struct vmexit_detail *d = xalloc(1, sizeof(*d));
	struct vmexit v = { .run = run, .detail = d, .prices = ALL };

	run->detail = d;
	return run_outcome(run, measure(&v, err));
}

/* ---- the record ---- */

static void put_histogram(struct out *o, const struct histogram *h, unsigned divide)
{
	double by = divide ? divide : 1;

	out_printf(o, "{\"count\":%llu", (unsigned long long) h->count);
	if (h->count)
		out_printf(o, ",\"min_ns\":%.3f,\"p50_ns\":%.3f,\"mean_ns\":%.3f,\"p99_ns\":%.3f,\"max_ns\":%.3f",
			   (double) h->min / by, histogram_quantile(h, 0.5) / by, histogram_mean(h) / by,
			   histogram_quantile(h, 0.99) / by, (double) h->max / by);
	out_printf(o, "}");
}

static void put_price(struct out *o, const struct vmexit_price *price, enum price p)
{
	const struct price_row *row = &price_rows[p];

	out_printf(o, "%s{\"price\":\"%s\",\"what\":", p ? "," : "", row->name);
	out_quoted(o, row->what);
	out_printf(o, ",\"inside\":");
	put_histogram(o, &price->inside, row->divide);
	out_printf(o, ",\"outside\":");
	if (price->outside.count)
		put_histogram(o, &price->outside, 1);
	else
		out_printf(o, "null");
	out_printf(o, ",\"why\":");
	if (price->why.code)
		out_quoted(o, price->why.text);
	else
		out_printf(o, "null");
	out_printf(o, "}");
}

void vmexit_put(struct out *o, const struct vmexit_detail *d)
{
	out_printf(o, ",\"exits\":{\"usable\":%s,\"why\":", d->usable ? "true" : "false");
	out_quoted(o, d->usable ? "the CPU itself runs the guest's code" : d->why.text);
	out_printf(o, ",\"guest_tsc_khz\":%u,\"rounds\":%u,\"prices\":[", d->tsc_khz, d->rounds);
	for (int p = 0; d->usable && p < PRICE_KINDS; p++)
		put_price(o, &d->prices[p], (enum price) p);
	out_printf(o, "]}");
}

static void put_detail(struct out *o, const void *detail)
{
	vmexit_put(o, detail);
}

const struct workload workload_vmexit = {
	.name = "vmexit",
	.brief = "what it costs to leave a guest: exits, timers, halts, interrupts; and whether KVM is good for guests at all",
	.measure = MEASURE_TIME,
	.native_only = true,
	.extra_s = 60,
	.client = vmexit_alone,
	.put = put_detail,
};
