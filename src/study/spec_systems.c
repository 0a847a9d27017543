/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The systems of a study: every SUT with each of its datapaths, a VM also with
 * each guest kernel and size of pages.  A list at the top holds for all SUTs,
 * each of which takes from it what it can have; a SUT's own list replaces it
 * and is taken at its word.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "base/sink.h"
#include "base/text.h"
#include "study/spec_parts.h"

enum { MOST_VCPUS = 64, LEAST_VM_MB = 64, MOST_VM_MB = 1 << 20, MOST_SYSTEMS = 256 };

/* A list of words in the file, and the path by which messages find it. */
struct wanted {
	char *const *at;
	unsigned n;
	const char *path;
};

static struct wanted own_datapaths(const struct yaml_study *y, enum sut_kind kind)
{
	switch (kind) {
	case SUT_NATIVE:
		return (struct wanted){ .at = y->native ? y->native->datapaths : NULL,
					.n = y->native ? y->native->datapaths_count : 0,
					.path = "native.datapaths" };
	case SUT_CONTAINER:
		return (struct wanted){ .at = y->container ? y->container->datapaths : NULL,
					.n = y->container ? y->container->datapaths_count : 0,
					.path = "container.datapaths" };
	case SUT_VM:
	case SUT_KINDS:
		break;
	}
	return (struct wanted){ .at = y->vm ? y->vm->datapaths : NULL,
				.n = y->vm ? y->vm->datapaths_count : 0,
				.path = "vm.datapaths" };
}

/* --- the lists, each checked by itself --- */

static int check_own_datapaths(const struct reader *rd, enum sut_kind kind, struct err *err)
{
	struct wanted w = own_datapaths(rd->y, kind);

	for (unsigned i = 0; i < w.n; i++)
		if (sut_datapath_check(kind, w.at[i], err) < 0)
			return at_value(rd, err, "%s[%u]", w.path, i);
	return 0;
}

/* Of the common list each entry has to mean something to somebody. */
static int check_common_datapath(const struct study_spec *s, const struct reader *rd, const enum sut_kind *kinds, unsigned n,
				 unsigned which, struct err *err)
{
	const char *datapath = rd->y->datapaths[which];

	(void) s;
	if (sut_datapath_parse(datapath, err) < 0)
		return at_value(rd, err, "datapaths[%u]", which);
	for (unsigned i = 0; i < n; i++)
		if (sut_has_datapath(kinds[i], datapath))
			return 0;
	err_set(err, -EINVAL, "no system under test of this study can have the datapath '%.64s'", datapath);
	return at_value(rd, err, "datapaths[%u]", which);
}

static int read_suts(const struct reader *rd, enum sut_kind kinds[SUT_KINDS], unsigned *ret_n, struct err *err)
{
	const struct yaml_study *y = rd->y;

	for (*ret_n = 0; *ret_n < y->suts_count; (*ret_n)++) {
		const char *name = y->suts[*ret_n];
		enum sut_kind kind;

		if (sut_parse(name, &kind, err) < 0)
			return at_value(rd, err, "suts[%u]", *ret_n);
		if (check_name(rd, "system under test", "suts", name, (const char *const *) y->suts, *ret_n, err) < 0)
			return err->code;
		kinds[*ret_n] = kind; /* three names, none twice: it fits */
	}
	return 0;
}

/* --- what a guest is made of --- */

static int read_vm(struct study_spec *s, const struct reader *rd, struct err *err)
{
	const struct yaml_vm *vm = rd->y->vm;
	uint64_t bytes = 0;

	if (!vm)
		return 0;
	if (vm->memory && (text_size(vm->memory, &bytes) < 0 || bytes >> 20 < LEAST_VM_MB || bytes >> 20 > MOST_VM_MB)) {
		err_set(err, -EINVAL, "the VM's memory '%.40s' is no size from %dM to %dG; write 256M", vm->memory, LEAST_VM_MB,
			MOST_VM_MB >> 10);
		return at_value(rd, err, "vm.memory");
	}
	if (vm->vcpus > MOST_VCPUS) {
		err_set(err, -ERANGE, "vcpus is %u; use 1 to %d", vm->vcpus, MOST_VCPUS);
		return at_value(rd, err, "vm.vcpus");
	}
	s->vm_memory_mb = (unsigned) (bytes >> 20);
	s->vm_vcpus = vm->vcpus;
	return 0;
}

/* The levels of one factor of the guest: a list of its own, or the single value under `vm`. */
struct guest_factor {
	const char *list, *single; /* keys: "guest-kernels", "vm.kernel" */
	char *const *at;
	unsigned n;
	const char *one;
	int (*parse)(const char *name, unsigned *ret, struct err *err);
};

static int parse_kernel(const char *name, unsigned *ret, struct err *err)
{
	enum guest_kernel kernel;
	int r = guest_kernel_parse(name, &kernel, err);

	if (r == 0)
		*ret = kernel;
	return r;
}

static int parse_pages(const char *name, unsigned *ret, struct err *err)
{
	enum guest_pages pages;
	int r = guest_pages_parse(name, &pages, err);

	if (r == 0)
		*ret = pages;
	return r;
}

struct guest_levels {
	unsigned at[8], n;
};

static bool has_level(const struct guest_levels *l, unsigned level)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->at[i] == level)
			return true;
	return false;
}

static int read_guest_list(struct guest_levels *ret, const struct guest_factor *f, const struct reader *rd, struct err *err)
{
	for (unsigned i = 0; i < f->n; i++) {
		unsigned level = 0;

		if (f->parse(f->at[i], &level, err) < 0)
			return at_value(rd, err, "%s[%u]", f->list, i);
		if (has_level(ret, level)) {
			err_set(err, -EEXIST, "%s has '%.40s' twice; leave one of them out", f->list, f->at[i]);
			return at_value(rd, err, "%s[%u]", f->list, i);
		}
		ret->at[ret->n++] = level; /* as many as there are names, at most */
	}
	return 0;
}

static int read_guest_factor(struct guest_levels *ret, const struct guest_factor *f, bool vm, const struct reader *rd,
			     struct err *err)
{
	*ret = (struct guest_levels){ .n = 0 };
	if (f->n > 0 && f->one) {
		err_set(err, -EINVAL, "%s is given beside the list %s; leave one of them out", f->single, f->list);
		return at_value(rd, err, "%s", f->single);
	}
	if (f->n > 0 && !vm) {
		err_set(err, -EINVAL, "%s mean nothing without vm among the suts", f->list);
		return at_value(rd, err, "%s", f->list);
	}
	if (f->n > 0)
		return read_guest_list(ret, f, rd, err);
	ret->n = 1;
	return f->one && f->parse(f->one, &ret->at[0], err) < 0 ? at_value(rd, err, "%s", f->single) : 0;
}

/* --- all of them together --- */

struct levels {
	enum sut_kind kinds[SUT_KINDS];
	unsigned n_kinds;
	struct guest_levels kernels, pages;
};

static int add_system(struct study_spec *s, const struct reader *rd, const struct sut_system *system, const struct wanted *from,
		      unsigned which, struct err *err)
{
	for (unsigned i = 0; i < s->n_systems; i++) {
		const struct sut_system *o = &s->systems[i];

		if (o->kind != system->kind || o->kernel != system->kernel || o->pages != system->pages ||
		    !text_eq(sut_datapath(o), sut_datapath(system)))
			continue;
		err_set(err, -EEXIST, "the datapath '%.64s' is there twice for %s; each can be measured once in a study",
			sut_datapath(system), sut_kind_name(system->kind));
		return at_value(rd, err, "%s[%u]", from->path, which);
	}
	if (s->n_systems >= MOST_SYSTEMS)
		return err_set(err, -E2BIG, "%s: more than %d systems; use fewer datapaths, kernels or pages", rd->what,
			       MOST_SYSTEMS);
	s->systems[s->n_systems++] = *system;
	return 0;
}

/* One SUT over one datapath. */
static int add_systems(struct study_spec *s, const struct reader *rd, const struct levels *l, struct sut_system system,
		       const struct wanted *from, unsigned which, struct err *err)
{
	bool vm = system.kind == SUT_VM;
	int r = 0;

	for (unsigned k = 0; r == 0 && k < (vm ? l->kernels.n : 1); k++) {
		for (unsigned p = 0; r == 0 && p < (vm ? l->pages.n : 1); p++) {
			system.kernel = vm ? (enum guest_kernel) l->kernels.at[k] : GUEST_STANDARD;
			system.pages = vm ? (enum guest_pages) l->pages.at[p] : PAGES_TUNING;
			r = add_system(s, rd, &system, from, which, err);
		}
	}
	return r;
}

static int add_sut(struct study_spec *s, const struct reader *rd, const struct levels *l, enum sut_kind kind, struct err *err)
{
	const struct yaml_study *y = rd->y;
	struct wanted common = { .at = y->datapaths, .n = y->datapaths_count, .path = "datapaths" };
	struct wanted own = own_datapaths(y, kind), from = own.n ? own : common;
	unsigned before = s->n_systems;
	int r = 0;

	if (from.n == 0)
		return add_systems(s, rd, l, (struct sut_system){ .kind = kind }, &from, 0, err);
	for (unsigned i = 0; r == 0 && i < from.n; i++)
		if (sut_has_datapath(kind, from.at[i]))
			r = add_systems(s, rd, l, (struct sut_system){ .kind = kind, .datapath = from.at[i] }, &from, i, err);
	if (r == 0 && s->n_systems == before) {
		err_set(err, -EINVAL, "%s can have none of these datapaths; give it its own: %s: { datapaths: [...] }",
			sut_kind_name(kind), sut_kind_name(kind));
		return at_value(rd, err, "datapaths");
	}
	return r;
}

static int read_levels(struct levels *l, const struct study_spec *s, const struct reader *rd, struct err *err)
{
	const struct yaml_study *y = rd->y;
	const struct guest_factor kernels = { .list = "guest-kernels",
					      .single = "vm.kernel",
					      .at = y->guest_kernels,
					      .n = y->guest_kernels_count,
					      .one = y->vm ? y->vm->kernel : NULL,
					      .parse = parse_kernel };
	const struct guest_factor pages = { .list = "pages",
					    .single = "vm.pages",
					    .at = y->pages,
					    .n = y->pages_count,
					    .one = y->vm ? y->vm->pages : NULL,
					    .parse = parse_pages };
	bool vm = false;
	int r = read_suts(rd, l->kinds, &l->n_kinds, err);

	for (unsigned i = 0; r == 0 && i < l->n_kinds; i++) {
		vm = vm || l->kinds[i] == SUT_VM;
		r = check_own_datapaths(rd, l->kinds[i], err);
	}
	for (unsigned i = 0; r == 0 && i < y->datapaths_count; i++)
		r = check_common_datapath(s, rd, l->kinds, l->n_kinds, i, err);
	if (r == 0)
		r = read_guest_factor(&l->kernels, &kernels, vm, rd, err);
	return r < 0 ? r : read_guest_factor(&l->pages, &pages, vm, rd, err);
}

/* Some workloads say something about the host alone. */
static int check_native_only(const struct study_spec *s, const struct reader *rd, const struct levels *l, struct err *err)
{
	for (unsigned w = 0; w < s->n_workloads; w++)
		for (unsigned i = 0; i < l->n_kinds; i++)
			if (s->workloads[w].job.workload->native_only && l->kinds[i] != SUT_NATIVE) {
				err_set(err, -EINVAL, "%s measures the host itself: it can be had on native, not on %s",
					s->workloads[w].job.workload->name, sut_kind_name(l->kinds[i]));
				return at_value(rd, err, "workloads[%u].name", w);
			}
	return 0;
}

int read_systems(struct study_spec *s, const struct reader *rd, struct err *err)
{
	struct levels l = { .n_kinds = 0 };
	int r = read_vm(s, rd, err);

	s->device = rd->y->device;
	s->systems = list_add(rd->owner, MOST_SYSTEMS, sizeof(*s->systems));
	if (r == 0)
		r = read_levels(&l, s, rd, err);
	if (r == 0)
		r = check_native_only(s, rd, &l, err);
	for (unsigned i = 0; r == 0 && i < l.n_kinds; i++)
		r = add_sut(s, rd, &l, l.kinds[i], err);
	return r;
}

/* --- what the systems are, for whoever shows or stores them --- */

static const char *const factor_names[SPEC_FACTORS] = {
	[SPEC_SUT] = "sut", [SPEC_DATAPATH] = "datapath", [SPEC_GUEST_KERNEL] = "guest_kernel", [SPEC_PAGES] = "pages"
};

const char *spec_factor_name(enum spec_factor f)
{
	return factor_names[f];
}

const char *spec_level(const struct sut_system *s, enum spec_factor f)
{
	switch (f) {
	case SPEC_DATAPATH:
		return sut_datapath(s);
	case SPEC_GUEST_KERNEL:
		return sut_guest_kernel(s);
	case SPEC_PAGES:
		return sut_guest_pages(s);
	case SPEC_SUT:
	case SPEC_FACTORS:
		break;
	}
	return sut_kind_name(s->kind);
}

bool spec_varies(const struct study_spec *s, enum spec_factor f)
{
	for (unsigned i = 1; i < s->n_systems; i++)
		for (unsigned k = 0; k < i; k++)
			if ((f == SPEC_SUT || s->systems[i].kind == s->systems[k].kind) &&
			    !text_eq(spec_level(&s->systems[i], f), spec_level(&s->systems[k], f)))
				return true;
	return false;
}

char *spec_system_text(const struct study_spec *s, const struct sut_system *system, char *buf, size_t cap)
{
	char before[128];

	(void) text_print(buf, cap, "%s", sut_kind_name(system->kind));
	for (enum spec_factor f = SPEC_DATAPATH; f < SPEC_FACTORS; f++)
		if (spec_varies(s, f) && *spec_level(system, f)) {
			(void) text_print(before, sizeof(before), "%s", buf);
			(void) text_print(buf, cap, "%s, %s", before, spec_level(system, f));
		}
	return buf;
}

/*
 * The smallest kernel of a distribution boots fastest and has no drivers for
 * real NICs.  One study keeps to one kernel for all that is called standard:
 * the general one where some datapath needs it, or where it is held against
 * the real-time one, which is built from the same configuration.
 */
bool spec_whole_kernel(const struct study_spec *s)
{
	bool standard = false, rt = false;

	for (unsigned i = 0; i < s->n_systems; i++) {
		const struct sut_system *system = &s->systems[i];

		standard = standard || (system->kind == SUT_VM && system->kernel == GUEST_STANDARD);
		rt = rt || (system->kind == SUT_VM && system->kernel == GUEST_RT);
		if (sut_wants_drivers(system))
			return true;
	}
	return standard && rt;
}
