/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot parameters of the guest's kernel.
 *
 * vCPU 0 keeps house in the guest as a core does on the host: it takes the
 * interrupts, the timers of others, RCU callbacks and every task that nobody
 * pinned.  With one vCPU there is nothing to set apart, and the same words
 * would only cost (nohz_full counts every entry into the kernel).
 *
 * An idle vCPU that halts leaves to the host, and is woken by way of the host's
 * scheduler.  haltpoll looks for work for a moment before it halts; poll never
 * halts, so the vCPU's thread never sleeps: only on a CPU that nobody else needs.
 */
#include "vm/guest.h"

#include "base/text.h"
#include "vm/platform.h"

struct cpuset guest_isolated(const struct vm_spec *spec)
{
	struct cpuset set = { 0 };

	for (unsigned i = 1; spec->isolate && i < spec->vcpus; i++)
		cpuset_add(&set, i);
	return set;
}

static void join(struct sink *s, const char *sep)
{
	sink_put(s, s->len ? sep : "");
}

static void put_isolation(const struct vm_spec *spec, struct sink *words, struct sink *why)
{
	struct cpuset set = guest_isolated(spec);
	char list[64];

	if (!spec->isolate)
		return;
	if (cpuset_empty(&set)) {
		join(why, "; ");
		sink_put(why, "no vCPU is isolated in the guest: it has one, which has to keep its house too");
		return;
	}
	cpuset_list(&set, list, sizeof(list));
	join(words, " ");
	sink_printf(words, "isolcpus=managed_irq,domain,%s nohz_full=%s", list, list);
	sink_printf(words, " rcu_nocbs=%s irqaffinity=0 skew_tick=1", list);
}

static void put_idle(const struct vm_spec *spec, bool dedicated, struct sink *words, struct sink *why)
{
	static const struct {
		const char *name, *words;
		bool kvm, dedicated;
	} idles[] = {
		[VM_IDLE_HALT] = { .name = "halt" },
		[VM_IDLE_HALTPOLL] = { .name = "haltpoll", .words = "cpuidle_haltpoll.force=1", .kvm = true },
		[VM_IDLE_POLL] = { .name = "poll", .words = "idle=poll", .dedicated = true },
	};

	if (!idles[spec->idle].words)
		return;
	if (idles[spec->idle].kvm && spec->platform->accel.kind != VM_KVM) {
		join(why, "; ");
		sink_printf(why, "idle %s needs KVM, this guest runs under binary translation", idles[spec->idle].name);
	} else if (idles[spec->idle].dedicated && !dedicated) {
		join(why, "; ");
		sink_printf(why, "idle %s would take whole CPUs from others: pin each vCPU to a CPU of its own first",
			    idles[spec->idle].name);
	} else {
		join(words, " ");
		sink_put(words, idles[spec->idle].words);
	}
}

void guest_words(const struct vm_spec *spec, bool dedicated, struct sink *words, struct sink *why)
{
	put_isolation(spec, words, why);
	put_idle(spec, dedicated, words, why);
}
