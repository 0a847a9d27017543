/* SPDX-License-Identifier: Apache-2.0 */
#include "kvm/probe.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "kvm/exits.h"

static void say(struct kvm_probe *ret, enum kvm_verdict verdict, const char *why)
{
	*ret = (struct kvm_probe){ .verdict = verdict };
	text_print(ret->why, sizeof(ret->why), "%s", why);
}

/* The fastest of the round: what an exit costs when nothing else happens. */
static double cheapest(const struct exits_shared *s, enum price p)
{
	const struct exits_row *row = &s->rows[p];
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < row->n; i++)
		least = row->ticks[i] < least ? row->ticks[i] : least;
	return exits_ns(s, p, least);
}

static int probe(const struct exits_opts *opts, uint64_t deadline, struct kvm_probe *ret, struct err *err)
{
	AUTO(exits_closep) struct exits *x = NULL;
	char ns[32], why[160];
	int r = exits_open(&x, opts, deadline, err);

	if (r == 0)
		r = exits_round(x, deadline, err);
	if (r == 0)
		r = exits_verdict(exits_seen(x), err);
	if (r < 0)
		return r;
	ret->cpuid_ns = cheapest(exits_seen(x), PRICE_CPUID);
	text_print(why, sizeof(why), "the CPU runs guest code itself; an exit costs %s at least",
		   text_ns(ns, sizeof(ns), ret->cpuid_ns));
	text_print(ret->why, sizeof(ret->why), "%s", why);
	return 0;
}

int kvm_probe(uint64_t allowed_ns, bool (*ending)(void *ctx), void *ctx, struct kvm_probe *ret, struct err *err)
{
	const struct exits_opts opts = { .prices = 1u << PRICE_LOOP | 1u << PRICE_CPUID, .ending = ending, .ctx = ctx };
	struct err why = { 0 };
	int r;

	*ret = (struct kvm_probe){ .verdict = KVM_USABLE };
	r = probe(&opts, clock_ns() + allowed_ns, ret, &why);
	if (r == -EINTR)
		return err_set(err, r, "%s", why.text);
	if (r < 0)
		say(ret, r == -ETIME ? KVM_SILENT : KVM_NOT_USABLE, why.text);
	return 0;
}
