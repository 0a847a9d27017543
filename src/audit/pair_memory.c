/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides of a VM: what its memory is made of, and who may take it away. */
#include <string.h>

#include "audit/parts.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "knob/look.h"

#define BALLOON_DRIVER "sys/bus/virtio/drivers/virtio_balloon"

/* Set aside in a pool, said in any of the three ways. */
static bool from_pool(const struct qemu *vm)
{
	char path[256] = "";

	for (size_t i = 1; i + 1 < vm->argc; i++) {
		if (text_eq(vm->argv[i], "-mem-path"))
			text_print(path, sizeof(path), "%s", vm->argv[i + 1]);
	}
	if (!path[0])
		qemu_value(vm, "object", "mem-path", path, sizeof(path));
	return pair_option_on(vm, "object", "hugetlb") || strstr(path, "huge");
}

static bool guest_has_huge(const struct pair_ctx *p)
{
	const struct memory_facts *m = &p->guest->host.memory;

	for (unsigned i = 0; i < m->n_huge; i++) {
		if (m->huge[i].total)
			return true;
	}
	return false;
}

/* QEMU asks for transparent huge pages itself (MADV_HUGEPAGE), so "madvise" is as good as "always" here. */
static void both_huge(const struct pair_ctx *p, struct settings *out)
{
	const char *inside = p->guest->host.memory.thp, *outside = p->host->host.memory.thp;
	bool pool = from_pool(p->vm), wanted = guest_has_huge(p);
	char now[160];

	text_print(now, sizeof(now), "inside: %s, transparent %s; host: %s", wanted ? "a pool of huge pages" : "no pool",
		   inside[0] ? inside : "not told",
		   pool         ? "huge pages of a pool"
		   : outside[0] ? outside
				: "small pages");
	if (!pool && wanted)
		pair_host_says(p, out, false, "pages", now, "a pool of huge pages on the host below those of the guest",
			       "vm.memory");
	else
		pair_host_says(p, out,
			       pool || !text_eq(inside, "always") || text_eq(outside, "always") || text_eq(outside, "madvise"),
			       "pages", now, "huge pages on the host below those of the guest", "vm.memory");
}

/* "-m 4096", "4G", "size=2048M", in bytes; without a unit MiB. */
static uint64_t memory_of(const struct qemu *vm)
{
	char text[64];
	uint64_t n;

	if (!qemu_value(vm, "m", "", text, sizeof(text)) && !qemu_value(vm, "m", "size", text, sizeof(text)))
		return 0;
	if (text_u64(text, &n) == 0)
		return n > UINT64_MAX >> 20 ? 0 : n << 20;
	return text_size(text, &n) == 0 ? n : 0;
}

static bool balloon_runs(const struct pair_ctx *p)
{
	struct fs_names names;
	bool found = false;

	if (fs_list(p->pair->guest_fs, BALLOON_DRIVER, &names) < 0)
		return false;
	for (size_t i = 0; i < names.n; i++)
		found = found || text_starts(names.at[i], "virtio");
	fs_list_free(&names);
	return found;
}

/* A kernel keeps some of its memory for itself, which MemTotal leaves out: an eighth is more than that. */
static void both_balloon(const struct pair_ctx *p, struct settings *out)
{
	uint64_t given = memory_of(p->vm), has = p->guest->host.memory.total_bytes;
	bool runs = balloon_runs(p), taken = runs && given && has && has < given - given / 8;
	char now[128], a[32], b[32];

	if (!runs) {
		struct setting *s = look_says(out, true, "balloon", "", "");

		s->state = SETTING_ABSENT;
		text_print(s->reason, sizeof(s->reason), "the guest has none");
		return;
	}
	text_print(now, sizeof(now), "%s of %s are left to the guest", text_bytes(a, sizeof(a), (double) has),
		   given ? text_bytes(b, sizeof(b), (double) given) : "what it was started with");
	pair_host_says(p, out, !taken, "balloon", now, "all of its memory, or no balloon", "vm.devices_off");
}

/* Both may page out: what the guest writes to its disk the host has to read from its own first. */
static void both_swap(const struct pair_ctx *p, struct settings *out)
{
	const struct memory_facts *inside = &p->guest->host.memory, *outside = &p->host->host.memory;
	bool locked =
		pair_option_on(p->vm, "overcommit", "mem-lock") || pair_option_on(p->vm, "realtime", "mlock") || from_pool(p->vm);
	uint64_t used = inside->swap_bytes > inside->swap_free_bytes ? inside->swap_bytes - inside->swap_free_bytes : 0;
	char now[160], a[32];

	text_print(now, sizeof(now), "inside: %s, %s in use; host: %s, memory %s", inside->swap_bytes ? "swap" : "no swap",
		   text_bytes(a, sizeof(a), (double) used), outside->swap_bytes ? "swap" : "no swap",
		   locked ? "locked" : "pageable");
	if (inside->swap_bytes && outside->swap_bytes && !locked)
		pair_host_says(p, out, false, "swap", now, "one side at most that may page out", "mem.mlock");
	else
		pair_guest_says(out, used == 0, "swap", now, "nothing paged out inside",
				"inside: swapoff -a, and more memory for the VM", NULL);
}

static const struct pair_row rows[] = {
	{ .knob = { .id = "pair.balloon",
		    .title = "the guest has the memory that it was started with",
		    .why = "a balloon that is filled takes single pages out of the guest: huge pages break up, and what it "
			   "gives back is faulted in again one by one",
		    .cost = "memory cannot be moved between guests",
		    .source = "libvirt.org/kbase/kvm-realtime.html; drivers/virtio/virtio_balloon.c",
		    .cure = "start the VM without a balloon",
		    .when = KNOB_VM,
		    PAIR(4) },
	  .check = both_balloon },
	{ .knob = { .id = "pair.huge",
		    .title = "huge pages inside lie on huge pages outside",
		    .why = "the processor walks both tables: a huge page of the guest's on small pages of the host's is cached "
			   "as small ones",
		    .cost = "the memory is set aside on the host before the guest starts",
		    .source = "Documentation/admin-guide/mm/transhuge.rst; QEMU documentation, memory-backend-memfd",
		    .cure = "give the VM huge pages on the host",
		    .when = KNOB_VM,
		    PAIR(5) },
	  .check = both_huge },
	{ .knob = { .id = "pair.swap",
		    .title = "not both sides page out",
		    .why = "what the guest pages out the host may have to page in first: one access waits for two disks",
		    .cost = "memory",
		    .source = "Documentation/admin-guide/sysctl/vm.rst, swappiness; qemu-system(1), -overcommit mem-lock",
		    .cure = "lock the VM's memory on the host",
		    .when = KNOB_VM,
		    PAIR(6) },
	  .check = both_swap },
};

const struct pair_rows pair_memory = { .at = rows, .n = ARRAY_SIZE(rows) };
