/* SPDX-License-Identifier: Apache-2.0 */
#include "sut/system.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/sink.h"
#include "base/text.h"
#include "net/datapath.h"

static const char *const kinds[] = { [SUT_NATIVE] = "native", [SUT_CONTAINER] = "container", [SUT_VM] = "vm" };
static const char *const kernels[] = { [GUEST_STANDARD] = "standard", [GUEST_RT] = "rt" };
static const char *const pages[] = {
	[PAGES_TUNING] = "tuning", [PAGES_4K] = "4k", [PAGES_2M] = "2m", [PAGES_1G] = "1g", [PAGES_AUTO] = "auto",
};

const char *sut_kind_name(enum sut_kind kind)
{
	return kinds[kind];
}

const char *guest_kernel_name(enum guest_kernel kernel)
{
	return kernels[kernel];
}

const char *guest_pages_name(enum guest_pages size)
{
	return pages[size];
}

const char *const *guest_kernel_names(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(kernels);
	return kernels;
}

const char *const *guest_pages_names(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(pages);
	return pages;
}

/* "no X is called 'Y' (did you mean 'Z'?): there are a, b and c" */
static int unknown(const char *what, const char *name, const char *const *names, size_t n, struct err *err)
{
	const char *near = text_nearest(name, names, n);
	AUTO(sink_free) struct sink list = { 0 };

	for (size_t i = 0; i < n; i++)
		sink_printf(&list, "%s%s", i == 0 ? "" : i + 1 == n ? " and " : ", ", names[i]);
	return err_set(err, -EINVAL, "no %s is called '%.64s'%s%s%s: there %s %s", what, name, near ? " (did you mean '" : "",
		       near ? near : "", near ? "'?)" : "", n == 1 ? "is" : "are", n ? list.text : "none");
}

static int find(const char *what, const char *name, const char *const *names, size_t n, unsigned *ret, struct err *err)
{
	for (unsigned i = 0; i < n; i++)
		if (text_eq(name, names[i])) {
			*ret = i;
			return 0;
		}
	return unknown(what, name, names, n, err);
}

int sut_parse(const char *name, enum sut_kind *ret, struct err *err)
{
	unsigned i = 0;
	int r = find("system under test", name, kinds, ARRAY_SIZE(kinds), &i, err);

	if (r == 0)
		*ret = (enum sut_kind) i;
	return r;
}

int guest_kernel_parse(const char *name, enum guest_kernel *ret, struct err *err)
{
	unsigned i = 0;
	int r = find("guest kernel", name, kernels, ARRAY_SIZE(kernels), &i, err);

	if (r == 0)
		*ret = (enum guest_kernel) i;
	return r;
}

int guest_pages_parse(const char *name, enum guest_pages *ret, struct err *err)
{
	unsigned i = 0;
	int r = find("size of pages", name, pages, ARRAY_SIZE(pages), &i, err);

	if (r == 0)
		*ret = (enum guest_pages) i;
	return r;
}

/* --- datapaths --- */

/* The names of net's table once more, as a list that option tables can hold; a unit test keeps both alike. */
static const char *const datapaths[] = {
	[DATAPATH_BRIDGE] = "bridge",   [DATAPATH_VHOST_NET] = "vhost-net",
	[DATAPATH_MACVTAP] = "macvtap", [DATAPATH_MACVTAP_VHOST_NET] = "macvtap-vhost-net",
	[DATAPATH_E1000E] = "e1000e",   [DATAPATH_MACVLAN] = "macvlan",
	[DATAPATH_IPVLAN] = "ipvlan",   [DATAPATH_VF] = "vf",
	[DATAPATH_PF] = "pf",           [DATAPATH_HOST] = "host",
};
_Static_assert(ARRAY_SIZE(datapaths) == DATAPATHS, "a name for each datapath");

static const enum wire_sut wires[SUT_KINDS] = {
	[SUT_NATIVE] = WIRE_NATIVE, [SUT_CONTAINER] = WIRE_CONTAINER, [SUT_VM] = WIRE_VM
};

const char *const *sut_datapath_names(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(datapaths);
	return datapaths;
}

int sut_datapath_parse(const char *datapath, struct err *err)
{
	struct datapath_wish wish = { 0 };

	return datapath_parse(datapath, &wish, err);
}

int sut_datapath_check(enum sut_kind kind, const char *datapath, struct err *err)
{
	struct datapath_wish wish = { 0 };
	int r = datapath_parse(datapath, &wish, err);

	return r < 0 ? r : datapath_fits(wish.kind, wires[kind], err);
}

bool sut_has_datapath(enum sut_kind kind, const char *datapath)
{
	struct err ignored = { 0 };

	return sut_datapath_check(kind, datapath, &ignored) == 0;
}

const char *sut_datapath(const struct sut_system *s)
{
	struct datapath_wish wish = { 0 };
	struct err ignored = { 0 };

	if (!s->datapath || datapath_parse(s->datapath, &wish, &ignored) < 0)
		return SUT_DATAPATH;
	return datapaths[wish.kind];
}

bool sut_wants_drivers(const struct sut_system *s)
{
	struct datapath_wish wish = { 0 };
	struct err ignored = { 0 };

	return s->kind == SUT_VM && s->datapath && datapath_parse(s->datapath, &wish, &ignored) == 0 &&
	       (wish.kind == DATAPATH_E1000E || datapath_row(wish.kind)->vfio);
}
