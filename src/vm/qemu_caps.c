/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A QEMU without a machine (-M none) answers in some 50 ms what it was built
 * with: types by qom-list-types, their properties by qom-list-properties,
 * options by query-command-line-options.  "q35" is an alias, which
 * query-machines resolves ("pc-q35-7.2", "pc-q35-rhel9.4.0").
 */
#include "vm/qemu.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/spawn.h"
#include "base/text.h"
#include "vm/launch.h"
#include "vm/qmp.h"

#define PROBE_NS (120 * NS_PER_S) /* usually half a second: only a hang takes so long */

enum question { ASK_OPTION, ASK_PARAMETER, ASK_TYPE, ASK_PROPERTY };

/* name is "TYPE.PROPERTY" for people; "q35" as a type stands for what the alias means. */
static const struct cap_row {
	const char *name;
	enum question question;
	const char *type, *property;
} rows[QEMU_CAPS] = {
	[QEMU_CAP_KVM] = { .name = "kvm", .question = ASK_TYPE, .type = "kvm-accel" },
	[QEMU_CAP_TCG] = { .name = "tcg", .question = ASK_TYPE, .type = "tcg-accel" },
	[QEMU_CAP_TCG_TB_SIZE] = { .name = "tcg.tb-size", .question = ASK_PROPERTY, .type = "tcg-accel", .property = "tb-size" },
	[QEMU_CAP_SANDBOX] = { .name = "sandbox", .question = ASK_OPTION, .type = "sandbox" },
	[QEMU_CAP_ACTION] = { .name = "action", .question = ASK_OPTION, .type = "action" },
	[QEMU_CAP_Q35] = { .name = "q35", .question = ASK_TYPE, .type = "q35" },
	[QEMU_CAP_Q35_SMM] = { .name = "q35.smm", .question = ASK_PROPERTY, .type = "q35", .property = "smm" },
	[QEMU_CAP_Q35_VMPORT] = { .name = "q35.vmport", .question = ASK_PROPERTY, .type = "q35", .property = "vmport" },
	[QEMU_CAP_Q35_HPET] = { .name = "q35.hpet", .question = ASK_PROPERTY, .type = "q35", .property = "hpet" },
	[QEMU_CAP_Q35_I8042] = { .name = "q35.i8042", .question = ASK_PROPERTY, .type = "q35", .property = "i8042" },
	[QEMU_CAP_Q35_SATA] = { .name = "q35.sata", .question = ASK_PROPERTY, .type = "q35", .property = "sata" },
	[QEMU_CAP_Q35_SMBUS] = { .name = "q35.smbus", .question = ASK_PROPERTY, .type = "q35", .property = "smbus" },
	[QEMU_CAP_Q35_USB] = { .name = "q35.usb", .question = ASK_PROPERTY, .type = "q35", .property = "usb" },
	[QEMU_CAP_Q35_MEM_MERGE] = { .name = "q35.mem-merge", .question = ASK_PROPERTY, .type = "q35", .property = "mem-merge" },
	[QEMU_CAP_Q35_DUMP] = { .name = "q35.dump-guest-core",
				.question = ASK_PROPERTY,
				.type = "q35",
				.property = "dump-guest-core" },
	[QEMU_CAP_RAM_PREALLOC_THREADS] = { .name = "memory-backend-ram.prealloc-threads",
					    .question = ASK_PROPERTY,
					    .type = "memory-backend-ram",
					    .property = "prealloc-threads" },
	[QEMU_CAP_MEMFD_HUGETLB] = { .name = "memory-backend-memfd.hugetlb",
				     .question = ASK_PROPERTY,
				     .type = "memory-backend-memfd",
				     .property = "hugetlb" },
	[QEMU_CAP_VIRTIO_NET] = { .name = "virtio-net-pci", .question = ASK_TYPE, .type = "virtio-net-pci" },
	[QEMU_CAP_VIRTIO_SERIAL] = { .name = "virtio-serial-pci", .question = ASK_TYPE, .type = "virtio-serial-pci" },
	[QEMU_CAP_SERIAL_PORT] = { .name = "virtserialport", .question = ASK_TYPE, .type = "virtserialport" },
	[QEMU_CAP_E1000E] = { .name = "e1000e", .question = ASK_TYPE, .type = "e1000e" },
	[QEMU_CAP_VFIO] = { .name = "vfio-pci", .question = ASK_TYPE, .type = "vfio-pci" },
	[QEMU_CAP_ROOT_PORT] = { .name = "pcie-root-port", .question = ASK_TYPE, .type = "pcie-root-port" },
	[QEMU_CAP_VIRTIO_BLK] = { .name = "virtio-blk-pci", .question = ASK_TYPE, .type = "virtio-blk-pci" },
	[QEMU_CAP_VIRTIO_RNG] = { .name = "virtio-rng-pci", .question = ASK_TYPE, .type = "virtio-rng-pci" },
	[QEMU_CAP_CPU_PM] = { .name = "overcommit.cpu-pm",
			      .question = ASK_PARAMETER,
			      .type = "overcommit",
			      .property = "cpu-pm" },
	[QEMU_CAP_KVM_HINT_DEDICATED] = { .name = "cpu.kvm-hint-dedicated",
					  .question = ASK_PROPERTY,
					  .type = "max-x86_64-cpu",
					  .property = "kvm-hint-dedicated" },
	[QEMU_CAP_KVM_POLL_CONTROL] = { .name = "cpu.kvm-poll-control",
					.question = ASK_PROPERTY,
					.type = "max-x86_64-cpu",
					.property = "kvm-poll-control" },
	[QEMU_CAP_HOST_NODES] = { .name = "memory-backend-ram.host-nodes",
				  .question = ASK_PROPERTY,
				  .type = "memory-backend-ram",
				  .property = "host-nodes" },
};

const char *qemu_cap_name(enum qemu_cap cap)
{
	return rows[cap].name;
}

/* Is there an object in the array whose member is value? */
static const json_t *with(const json_t *array, const char *member, const char *value)
{
	size_t i;
	json_t *o;

	json_array_foreach (array, i, o) {
		const char *v = json_string_value(json_object_get(o, member));

		if (v && text_eq(v, value))
			return o;
	}
	return NULL;
}

struct answers {
	json_t *options, *types;
	char q35[96]; /* the machine type behind the alias, "" = none */
};

static void answers_free(struct answers *a)
{
	json_decref(a->options);
	json_decref(a->types);
}

static int ask_all(struct qmp *q, uint64_t deadline, struct answers *a, struct err *err)
{
	AUTO_JSON json_t *machines = NULL;
	const char *name;
	int r = qmp_call(q, "query-command-line-options", NULL, deadline, &a->options, err);

	if (r >= 0)
		r = qmp_call(q, "qom-list-types", NULL, deadline, &a->types, err);
	if (r >= 0)
		r = qmp_call(q, "query-machines", NULL, deadline, &machines, err);
	if (r < 0)
		return r;
	name = json_string_value(json_object_get(with(machines, "alias", "q35"), "name"));
	if (name)
		text_print(a->q35, sizeof(a->q35), "%s-machine", name);
	return 0;
}

static int has_property(struct qmp *q, uint64_t deadline, const char *type, const char *property, struct err *err)
{
	AUTO_JSON json_t *list = NULL;
	int r = qmp_call(q, "qom-list-properties", json_pack("{s:s}", "typename", type), deadline, &list, err);

	return r < 0 ? r : with(list, "name", property) != NULL;
}

/* 1 yes, 0 no. */
static int answer(struct qmp *q, uint64_t deadline, const struct answers *a, const struct cap_row *row, struct err *err)
{
	const char *type = text_eq(row->type, "q35") ? a->q35 : row->type;

	if (row->question == ASK_OPTION)
		return with(a->options, "option", row->type) != NULL;
	if (row->question == ASK_PARAMETER)
		return with(json_object_get(with(a->options, "option", row->type), "parameters"), "name", row->property) != NULL;
	if (!*type || !with(a->types, "name", type))
		return 0;
	return row->question == ASK_TYPE ? 1 : has_property(q, deadline, type, row->property, err);
}

static int ask_version(struct qmp *q, uint64_t deadline, struct qemu_caps *caps, struct err *err)
{
	AUTO_JSON json_t *version = NULL;
	const char *package = NULL;
	json_int_t major, minor, micro;
	int r = qmp_call(q, "query-version", NULL, deadline, &version, err);

	if (r < 0)
		return r;
	if (json_unpack(version, "{s:{s:I, s:I, s:I}, s?:s}", "qemu", "major", &major, "minor", &minor, "micro", &micro,
			"package", &package) < 0)
		return err_set(err, -EBADMSG, "QEMU does not tell its version");
	text_print(caps->version, sizeof(caps->version), "%d.%d.%d%s%s%s", (int) major, (int) minor, (int) micro,
		   package && *package ? " (" : "", package ? package : "", package && *package ? ")" : "");
	return 0;
}

static int ask_caps(int fd, struct qemu_caps *ret, struct err *err)
{
	AUTO(answers_free) struct answers a = { 0 };
	uint64_t deadline = clock_ns() + PROBE_NS;
	struct qemu_caps caps = { 0 };
	struct qmp *q = NULL;
	int r = qmp_open(&q, fd, deadline, err);

	if (r < 0)
		return r;
	r = ask_all(q, deadline, &a, err);
	if (r >= 0)
		r = ask_version(q, deadline, &caps, err);
	for (unsigned i = 0; r >= 0 && i < QEMU_CAPS; i++) {
		r = answer(q, deadline, &a, &rows[i], err);
		if (r > 0)
			caps.bits |= 1ull << i;
	}
	if (r >= 0)
		*ret = caps;
	qmp_send(q, "quit");
	qmp_close(q);
	return r < 0 ? r : 0;
}

int qemu_probe(struct qemu_caps *ret, const char *path, struct err *err)
{
	AUTO(argv_free) struct argv argv = { 0 };
	AUTO(launch_free) struct launch l = LAUNCH_INIT;
	int r = launch_prepare(&l, err);

	if (r < 0)
		return r;
	argv_add(&argv, path);
	argv_add_all(&argv, (const char *const[]){ "-M", "none,accel=tcg:kvm", "-nodefaults", "-no-user-config", "-display",
						   "none", "-S", NULL });
	launch_add_qmp(&argv, l.qmp_theirs);
	r = launch_start(&l, &argv, NULL, 0, NULL, err);
	if (r >= 0)
		r = ask_caps(l.qmp, ret, err);
	if (r < 0)
		launch_explain(&l, err);
	child_stop(&l.child, NS_PER_S);
	return r < 0 ? err_in(err, "%s", path) : 0;
}
