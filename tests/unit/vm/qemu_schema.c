/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The golden command lines against the QEMU that is installed here: every
 * option, and every property of every machine, device, object, network
 * back end and character device in them, must be one that this binary lists.
 * So a renamed or removed property fails here and not at a user's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "base/vec.h"
#include "spec_samples.h"
#include "vm/launch.h"
#include "vm/qmp.h"

#define DEADLINE (clock_ns() + 20 * NS_PER_S)

static struct {
	struct qemu qemu;
	struct launch l;
	struct qmp *qmp;
	json_t *options, *schema;
	char machine[96], *help;
} here;

static json_t *ask(const char *command, json_t *args)
{
	json_t *answer = NULL;
	struct err err;

	if (qmp_call(here.qmp, command, args, DEADLINE, &answer, &err) < 0)
		fail_msg("%s", err.text);
	return answer;
}

static json_t *with(const json_t *array, const char *member, const char *value)
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

static int start(void **state)
{
	AUTO(argv_free) struct argv argv = { 0 };
	AUTO_JSON json_t *machines = NULL;
	struct argv help = { 0 };
	struct run_result out;
	struct err err;
	int r;

	(void) state;
	here.l = (struct launch) LAUNCH_INIT;
	r = qemu_find(&here.qemu, NULL, &err);
	if (r < 0)
		print_message("%s: %s\n", r == -ENOENT ? "skipped" : "failed", err.text);
	if (r < 0)
		return r == -ENOENT ? 0 : -1;
	argv_add_all(&argv, (const char *const[]){ here.qemu.path, "-M", "none", "-nodefaults", "-display", "none", "-S", NULL });
	if (launch_prepare(&here.l, &err) < 0)
		return -1;
	launch_add_qmp(&argv, here.l.qmp_theirs);
	if (launch_start(&here.l, &argv, NULL, 0, NULL, &err) < 0 || qmp_open(&here.qmp, here.l.qmp, DEADLINE, &err) < 0)
		return -1;
	here.options = ask("query-command-line-options", NULL);
	here.schema = ask("query-qmp-schema", NULL);
	machines = ask("query-machines", NULL);
	snprintf(here.machine, sizeof(here.machine), "%s-machine",
		 json_string_value(json_object_get(with(machines, "alias", "q35"), "name")));
	argv_add_all(&help, (const char *const[]){ here.qemu.path, "--help", NULL });
	if (run(&out, &help, NULL, 20 * NS_PER_S, &err) < 0)
		return -1;
	here.help = xstrdup(out.out);
	run_result_free(&out);
	argv_free(&help);
	return 0;
}

static int stop(void **state)
{
	(void) state;
	qmp_close(here.qmp);
	launch_free(&here.l);
	json_decref(here.options);
	json_decref(here.schema);
	free(here.help);
	return 0;
}

/* "-option" begins a line of --help. */
static bool is_option(const char *word)
{
	AUTO_FREE char *line = xprintf("\n%s", word);

	for (const char *p = here.help; (p = strstr(p, line)); p++) {
		if (strchr(" \n\t", p[strlen(line)]))
			return true;
	}
	return false;
}

static bool type_has(const char *type, const char *property)
{
	AUTO_JSON json_t *list = ask("qom-list-properties", json_pack("{s:s}", "typename", type));

	return with(list, "name", property) != NULL;
}

static bool device_has(const char *type, const char *property)
{
	return type_has(type, property) || text_eq(property, "id") || text_eq(property, "bus");
}

static bool option_has(const char *option, const char *parameter)
{
	return with(json_object_get(with(here.options, "option", option), "parameters"), "name", parameter) != NULL;
}

/* Members of a netdev or a block device of this kind: the schema's union, resolved by name. */
static bool union_has(const char *command, const char *kind, const char *property)
{
	const json_t *add = with(here.schema, "name", command);
	const json_t *arg = with(here.schema, "name", json_string_value(json_object_get(add, "arg-type")));
	const json_t *variant = with(json_object_get(arg, "variants"), "case", kind);
	const json_t *object = with(here.schema, "name", json_string_value(json_object_get(variant, "type")));

	return with(json_object_get(arg, "members"), "name", property) ||
	       with(json_object_get(object, "members"), "name", property);
}

static bool known(const char *option, const char *type, const char *key)
{
	if (text_eq(option, "-M"))
		return type_has(here.machine, key);
	if (text_eq(option, "-device"))
		return device_has(type, key);
	if (text_eq(option, "-object"))
		return type_has(type, key) || text_eq(key, "id");
	if (text_eq(option, "-netdev"))
		return union_has("netdev_add", type, key);
	if (text_eq(option, "-blockdev"))
		return union_has("blockdev-add", type, key);
	if (text_eq(option, "-accel")) {
		AUTO_FREE char *accel = xprintf("%s-accel", type);

		return type_has(accel, key);
	}
	if (text_eq(option, "-smp"))
		return option_has("smp-opts", key);
	/* id= names a list of options itself, and is therefore in none. */
	return option_has(option + 1, key) || (text_eq(option, "-chardev") && text_eq(key, "id"));
}

/* "type,key=value,key=value": every key.  CPU flags are QEMU's own sort and not listed without a machine. */
static void check_value(const char *option, const char *value)
{
	AUTO_FREE char *copy = xstrdup(value);
	char *save = NULL, *word, *type = NULL;

	for (word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(word, '=');

		if (!equals) {
			type = word;
			continue;
		}
		*equals = '\0';
		if (text_eq(word, "driver"))
			type = equals + 1;
		if (!known(option, type, word))
			fail_msg("QEMU %s knows no '%s' in %s %s", here.qemu.caps.version, word, option, value);
	}
}

static bool has_options(const char *word)
{
	static const char *const plain[] = { "-cpu", "-m", "-display", "-serial", "-kernel", "-initrd", "-append" };

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		if (text_eq(word, plain[i]))
			return false;
	}
	return true;
}

static void check_argv(const struct argv *argv)
{
	for (size_t i = 1; i < argv->n; i++) {
		const char *word = argv->at[i], *value = argv->at[i + 1];

		if (!is_option(word) && !text_eq(word, "-M"))
			fail_msg("QEMU %s has no option %s", here.qemu.caps.version, word);
		if (!value || value[0] == '-')
			continue;
		if (has_options(word))
			check_value(word, value);
		i++;
	}
}

static void test_installed_qemu(void **state)
{
	(void) state;
	if (!here.qmp)
		skip();
	for (size_t i = 0; i < N_SAMPLES; i++) {
		struct sample s = samples[i];
		struct argv argv;

		s.platform.qemu.caps = here.qemu.caps; /* as vm_start() would build it here */
		argv = sample_argv(&s);
		check_argv(&argv);
		argv_free(&argv);
	}
}

/* The check can fail: words that no QEMU has are found out. */
static void test_the_check_itself(void **state)
{
	(void) state;
	if (!here.qmp)
		skip();
	assert_false(known("-M", "q35", "hpett"));
	assert_false(known("-device", "virtio-net-pci", "no-such"));
	assert_true(known("-device", "virtio-net-pci", "mac"));
	assert_false(known("-object", "memory-backend-memfd", "hugetlbsizes"));
	assert_false(known("-netdev", "tap", "vhosts"));
	assert_true(known("-netdev", "tap", "vhost"));
	assert_false(known("-blockdev", "file", "file-name"));
	assert_true(known("-blockdev", "file", "filename"));
	assert_false(known("-device", "vfio-pci", "hosts"));
	assert_false(known("-chardev", "socket", "paths"));
	assert_false(is_option("-nodefault"));
	assert_true(is_option("-nodefaults"));
}

/* Asked twice, told the same; and q35 has what every QEMU since 7.2 has. */
static void test_probe(void **state)
{
	struct qemu_caps caps;
	struct err err;

	(void) state;
	if (!here.qmp)
		skip();
	assert_int_equal(qemu_probe(&caps, here.qemu.path, &err), 0);
	assert_int_equal(caps.bits, here.qemu.caps.bits);
	assert_string_equal(caps.version, here.qemu.caps.version);
	assert_true(qemu_has(&caps, QEMU_CAP_Q35_SATA));
	assert_true(strlen(caps.version) > 3);
	assert_true(qemu_probe(&caps, "/bin/true", &err) < 0);
	assert_non_null(strstr(err.text, "/bin/true"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_installed_qemu),
		cmocka_unit_test(test_the_check_itself),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
