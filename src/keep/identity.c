/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/pci.h"

#define CPUS_MOST  4096
#define CARDS_MOST 1024

static unsigned thread_of(const struct cpu_fact *f)
{
	unsigned n = 0;

	for (int c = -1; (c = cpuset_next(&f->siblings, c)) >= 0 && (unsigned) c < f->cpu;)
		n++;
	return n;
}

bool cpu_place_of(const struct cpu_facts *cpus, unsigned cpu, struct cpu_place *ret)
{
	const struct cpu_fact *f = cpu_fact(cpus, cpu);

	if (!f)
		return false;
	*ret = (struct cpu_place){ .package = f->package, .core = f->core, .thread = thread_of(f) };
	return true;
}

bool cpu_at_place(const struct cpu_facts *cpus, const struct cpu_place *place, unsigned *ret)
{
	for (size_t i = 0; i < cpus->n; i++) {
		const struct cpu_fact *f = &cpus->at[i];

		if (f->package == place->package && f->core == place->core && thread_of(f) == place->thread) {
			*ret = f->cpu;
			return true;
		}
	}
	return false;
}

json_t *cpus_to_json(const struct cpu_facts *cpus, const struct cpuset *set)
{
	json_t *all = json_array();

	for (int c = -1; (c = cpuset_next(set, c)) >= 0;) {
		struct cpu_place p;

		if (cpu_place_of(cpus, (unsigned) c, &p))
			json_array_append_new(all, json_pack("{s:i, s:i, s:i}", "package", p.package, "core", p.core, "thread",
							     (int) p.thread));
	}
	return all;
}

static int number_in(const json_t *o, const char *member, int64_t least, int64_t most, int64_t *ret, struct err *err)
{
	int r = jx_i64(o, member, ret, err);

	if (r == 0 && (*ret < least || *ret > most))
		return err_set(err, -ERANGE, "\"%s\" is %lld, which no machine has", member, (long long) *ret);
	return r;
}

static int place_parse(const json_t *o, struct cpu_place *ret, struct err *err)
{
	int64_t package, core, thread;
	int r = json_is_object(o) ? 0 : err_set(err, -EINVAL, "a CPU is written as {\"package\", \"core\", \"thread\"}");

	if (r == 0)
		r = number_in(o, "package", -1, INT32_MAX, &package, err);
	if (r == 0)
		r = number_in(o, "core", -1, INT32_MAX, &core, err);
	if (r == 0)
		r = number_in(o, "thread", 0, CPUS_MOST, &thread, err);
	if (r == 0)
		*ret = (struct cpu_place){ .package = (int) package, .core = (int) core, .thread = (unsigned) thread };
	return r;
}

int cpus_from_json(const json_t *places, const struct cpu_facts *cpus, struct cpuset *ret, struct err *err)
{
	struct cpuset set = { 0 };

	if (!json_is_array(places) || json_array_size(places) > CPUS_MOST)
		return err_set(err, -EINVAL, "the CPUs set apart are no array");
	for (size_t i = 0; i < json_array_size(places); i++) {
		struct cpu_place p;
		unsigned cpu;

		if (place_parse(json_array_get(places, i), &p, err) < 0)
			return err->code;
		if (!cpu_at_place(cpus, &p, &cpu))
			return err_set(err, -ENODEV,
				       "the CPU at package %d, core %d, thread %u is not there any more (or offline)", p.package,
				       p.core, p.thread);
		cpuset_add(&set, cpu);
	}
	*ret = set;
	return 0;
}

static void read_card(const struct fs *fs, const char *name, const char *address, struct card *ret)
{
	char path[96], target[256];
	uint64_t port = 0;

	*ret = (struct card){ 0 };
	text_print(ret->name, sizeof(ret->name), "%s", name);
	text_print(ret->address, sizeof(ret->address), "%s", address);
	text_print(path, sizeof(path), "sys/class/net/%s/dev_port", name);
	if (fs_read_u64(fs, path, &port) == 0 && port < 1024)
		ret->port = (unsigned) port;
	text_print(path, sizeof(path), "sys/class/net/%s/device/driver", name);
	if (fs_readlink(fs, path, target, sizeof(target)) > 0 && strrchr(target, '/'))
		text_print(ret->driver, sizeof(ret->driver), "%s", strrchr(target, '/') + 1);
}

static int by_seat(const void *a, const void *b)
{
	const struct card *x = a, *y = b;
	int r = strcmp(x->address, y->address);

	return r ? r : (x->port > y->port) - (x->port < y->port);
}

void cards_read(const struct fs *fs, struct cards *ret)
{
	VEC(struct card) list = { 0 };
	struct fs_names names = { 0 };

	*ret = (struct cards){ 0 };
	if (fs_list(fs, "sys/class/net", &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		char address[PCI_ADDRESS_MAX];
		struct err ignored = { 0 };

		if (pci_of_netdev(fs, names.at[i], address, &ignored) == 0)
			read_card(fs, names.at[i], address, vec_add(&list));
	}
	fs_list_free(&names);
	if (list.n)
		qsort(list.at, list.n, sizeof(*list.at), by_seat);
	*ret = (struct cards){ .at = list.at, .n = list.n };
}

void cards_free(struct cards *c)
{
	free(c->at);
	*c = (struct cards){ 0 };
}

const struct card *card_find(const struct cards *c, const char *address, unsigned port)
{
	for (size_t i = 0; i < c->n; i++)
		if (text_eq(c->at[i].address, address) && c->at[i].port == port)
			return &c->at[i];
	return NULL;
}

bool card_has_interrupt(const struct fs *fs, const char *address, uint64_t irq)
{
	char path[80];
	uint64_t pin;

	if (fs_existsf(fs, "sys/bus/pci/devices/%s/msi_irqs/%llu", address, (unsigned long long) irq))
		return true;
	text_print(path, sizeof(path), "sys/bus/pci/devices/%s/irq", address);
	return fs_read_u64(fs, path, &pin) == 0 && pin && pin == irq; /* 0: it has none */
}

json_t *cards_to_json(const struct cards *c)
{
	json_t *all = json_array();

	for (size_t i = 0; i < c->n; i++)
		json_array_append_new(all, json_pack("{s:s, s:i, s:s, s:s}", "address", c->at[i].address, "port",
						     (int) c->at[i].port, "name", c->at[i].name, "driver", c->at[i].driver));
	return all;
}

static int card_parse(const json_t *o, struct card *ret, struct err *err)
{
	const char *address, *name, *driver;
	int64_t port;
	struct card c = { 0 };
	int r = json_is_object(o) ? 0 : err_set(err, -EINVAL, "a card is written as {\"address\", \"port\", ...}");

	if (r == 0)
		r = jx_str(o, "address", &address, err);
	if (r == 0)
		r = jx_str(o, "name", &name, err);
	if (r == 0)
		r = jx_str(o, "driver", &driver, err);
	if (r == 0)
		r = number_in(o, "port", 0, 1023, &port, err);
	if (r < 0)
		return r;
	if (!pci_address_parse(address, c.address) || text_print(c.name, sizeof(c.name), "%s", name) ||
	    text_print(c.driver, sizeof(c.driver), "%s", driver))
		return err_set(err, -EINVAL, "\"%.40s\" is no PCI address, or its names are too long", address);
	c.port = (unsigned) port;
	*ret = c;
	return 0;
}

int cards_from_json(const json_t *array, struct cards *ret, struct err *err)
{
	VEC(struct card) list = { 0 };

	if (!json_is_array(array) || json_array_size(array) > CARDS_MOST)
		return err_set(err, -EINVAL, "the cards are no array");
	for (size_t i = 0; i < json_array_size(array); i++) {
		if (card_parse(json_array_get(array, i), vec_add(&list), err) < 0) {
			vec_free(&list);
			return err->code;
		}
	}
	*ret = (struct cards){ .at = list.at, .n = list.n };
	return 0;
}
