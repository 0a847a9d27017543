/* SPDX-License-Identifier: Apache-2.0 */
/* A user's own container: what its config.json says, and what of a foreign one stays. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/jsonx.h"
#include "container/oci.h"

static const char *const args[] = { "/bin/server", "--port", "80", NULL };
static const char *const env[] = { "A=b", "VLAT_RUN=x", NULL };

static json_t *at(json_t *o, const char *a, const char *b)
{
	json_t *v = json_object_get(o, a);

	return b ? json_object_get(v, b) : v;
}

static json_t *namespace_of(json_t *config, const char *type)
{
	json_t *one;
	size_t i;

	json_array_foreach (at(config, "linux", "namespaces"), i, one)
		if (strcmp(json_string_value(json_object_get(one, "type")), type) == 0)
			return one;
	return NULL;
}

static bool has_mount(json_t *config, const char *where)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(config, "mounts"), i, one)
		if (strcmp(json_string_value(json_object_get(one, "destination")), where) == 0)
			return true;
	return false;
}

static json_int_t memory_limit(json_t *config)
{
	return json_integer_value(at(at(config, "linux", "resources"), "memory", "limit"));
}

static void user_program(void **state)
{
	struct oci_user user = { .rootfs = "/srv/a root\n", .uid = 7, .gid = 8, .cwd = "/data" };
	struct oci_spec spec = { .hostname = "web", .args = args, .env = env, .cgroup = "/vlat-x/c0", .user = &user };
	json_t *c = oci_config(&spec);

	(void) state;
	assert_string_equal(json_string_value(at(c, "root", "path")), "/srv/a root\n");
	assert_true(json_is_true(at(c, "root", "readonly")));
	assert_int_equal(json_integer_value(json_object_get(at(c, "process", "user"), "uid")), 7);
	assert_string_equal(json_string_value(at(c, "process", "cwd")), "/data");
	assert_true(has_mount(c, "/dev/pts"));
	assert_true(has_mount(c, "/run")); /* a read-only root needs somewhere to write */
	assert_non_null(namespace_of(c, "network"));
	assert_int_equal(memory_limit(c), 0);
	json_decref(c);
	spec.memory = 64 << 20;
	user.writable = user.host_network = true;
	c = oci_config(&spec);
	assert_true(json_is_false(at(c, "root", "readonly")));
	assert_false(has_mount(c, "/run")); /* what is there is the user's */
	assert_null(namespace_of(c, "network"));
	assert_int_equal(memory_limit(c), 64 << 20);
	json_decref(c);
}

static const char bundle[] =
	"{\"root\":{\"path\":\"rootfs\"},\"process\":{\"terminal\":true,\"args\":[\"old\"],\"env\":[\"C=d\"],"
	"\"cwd\":\"/x\"},\"annotations\":{\"k\":\"v\"},\"linux\":{\"seccomp\":{\"defaultAction\":\"x\"},"
	"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\",\"path\":\"/old\"}],"
	"\"resources\":{\"memory\":{\"limit\":5,\"swap\":6},\"cpu\":{\"cpus\":\"0\",\"shares\":7}}}}";

static void foreign_bundle(void **state)
{
	struct oci_spec spec = { .args = args, .env = env, .cgroup = "/vlat-x/c0", .netns = "/run/netns/n" };
	struct err e = { 0 };
	json_t *c = NULL, *cpu;

	(void) state;
	cpuset_add(&spec.cpus, 3);
	assert_int_equal(jx_parse(bundle, strlen(bundle), "test", &c, &e), 0);
	assert_int_equal(oci_adapt(c, &spec, "/b", &e), 0);
	assert_string_equal(json_string_value(at(c, "root", "path")), "/b/rootfs");
	assert_string_equal(json_string_value(json_array_get(at(c, "process", "args"), 0)), "/bin/server");
	assert_string_equal(json_string_value(json_array_get(at(c, "process", "env"), 0)), "C=d");
	assert_string_equal(json_string_value(json_array_get(at(c, "process", "env"), 2)), "VLAT_RUN=x");
	assert_true(json_is_false(at(c, "process", "terminal")));
	assert_string_equal(json_string_value(at(c, "linux", "cgroupsPath")), "/vlat-x/c0");
	assert_string_equal(json_string_value(json_object_get(namespace_of(c, "network"), "path")), "/run/netns/n");
	cpu = json_object_get(at(c, "linux", "resources"), "cpu");
	assert_string_equal(json_string_value(json_object_get(cpu, "cpus")), "3");
	assert_int_equal(json_integer_value(json_object_get(cpu, "shares")), 7); /* what is not vlat's stays */
	assert_int_equal(memory_limit(c), 5);
	spec.memory = 64 << 20;
	assert_int_equal(oci_adapt(c, &spec, "/b", &e), 0);
	assert_int_equal(memory_limit(c), 64 << 20);
	assert_null(json_object_get(json_object_get(at(c, "linux", "resources"), "memory"), "swap"));
	assert_non_null(at(c, "linux", "seccomp"));
	assert_non_null(at(c, "annotations", "k"));
	json_decref(c);
}

static void bad_bundles(void **state)
{
	static const char *const bad[] = {
		"[]",
		"{}",
		"{\"root\":7}",
		"{\"root\":{\"path\":7}}",
		"{\"root\":{\"path\":\"r\"},\"process\":[]}",
		"{\"root\":{\"path\":\"r\"},\"process\":{\"env\":7}}",
		"{\"root\":{\"path\":\"r\"},\"linux\":7}",
		"{\"root\":{\"path\":\"r\"},\"linux\":{\"namespaces\":7}}",
		"{\"root\":{\"path\":\"r\"},\"linux\":{\"resources\":7}}",
	};
	const struct oci_spec spec = { .env = env, .cgroup = "/c", .netns = "/n" };

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = { 0 };
		json_t *c = NULL;

		assert_int_equal(jx_parse(bad[i], strlen(bad[i]), "test", &c, &e), 0);
		if (oci_adapt(c, &spec, "/b", &e) >= 0 || !e.text[0])
			fail_msg("taken, or refused without a sentence: %s", bad[i]);
		json_decref(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_program),
		cmocka_unit_test(foreign_bundle),
		cmocka_unit_test(bad_bundles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
