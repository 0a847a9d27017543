/* SPDX-License-Identifier: Apache-2.0 */
/* adapt - a config.json that somebody else wrote: all of it stays, but for where and among whom the container runs. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "base/vec.h"
#include "container/oci.h"

/* The member as an object; made when it is not there. */
static int object_in(json_t *o, const char *member, json_t **ret, struct err *err)
{
	json_t *v = json_object_get(o, member);

	if (!v) {
		v = json_object();
		json_object_set_new(o, member, v);
	}
	if (!json_is_object(v))
		return err_set(err, -EINVAL, "config.json: \"%s\" is no object", member);
	*ret = v;
	return 0;
}

static int adapt_root(json_t *config, const char *dir, struct err *err)
{
	const char *path = NULL;
	json_t *root;
	int r = object_in(config, "root", &root, err);

	if (r == 0)
		r = jx_str(root, "path", &path, err);
	if (r < 0)
		return err_in(err, "config.json, \"root\"");
	if (path[0] != '/') {
		AUTO_FREE char *absolute = xprintf("%s/%s", dir, path);

		json_object_set_new(root, "path", json_string(absolute));
	}
	return 0;
}

static int append_words(json_t *array, const char *const *w, struct err *err)
{
	for (; w && *w; w++)
		if (json_array_append_new(array, json_string(*w)) < 0)
			return err_set(err, -EILSEQ, "a word for the container is no UTF-8 text");
	return 0;
}

static int adapt_process(json_t *config, const struct oci_spec *spec, struct err *err)
{
	json_t *process, *env, *args = json_array();
	int r = object_in(config, "process", &process, err);

	if (r == 0)
		r = append_words(args, spec->args, err);
	if (r == 0 && json_array_size(args) > 0)
		json_object_set(process, "args", args);
	json_decref(args);
	if (r < 0)
		return r;
	env = json_object_get(process, "env");
	if (!env) {
		env = json_array();
		json_object_set_new(process, "env", env);
	}
	if (!json_is_array(env))
		return err_set(err, -EINVAL, "config.json: \"process.env\" is no array");
	json_object_set_new(process, "terminal", json_boolean(spec->terminal));
	json_object_del(process, "consoleSize");
	return append_words(env, spec->env, err);
}

/* Its own network when it has a wire of vlat's; else as it was. */
static int adapt_network(json_t *linux_part, const struct oci_spec *spec, struct err *err)
{
	json_t *list = json_object_get(linux_part, "namespaces"), *one;
	size_t i;

	if (!spec->netns)
		return 0;
	if (!json_is_array(list))
		return err_set(err, -EINVAL, "config.json: \"linux.namespaces\" is no array");
	json_array_foreach (list, i, one) {
		const char *type = json_string_value(json_object_get(one, "type"));

		if (type && text_eq(type, "network")) {
			json_array_remove(list, i);
			break;
		}
	}
	json_array_append_new(list, json_pack("{s:s, s:s}", "type", "network", "path", spec->netns));
	return 0;
}

/* Only where a limit was asked for; then swap that the bundle allows on top of its own limit goes with that limit. */
static int adapt_memory(json_t *resources, const struct oci_spec *spec, struct err *err)
{
	json_t *memory;
	int r;

	if (!spec->memory)
		return 0;
	r = object_in(resources, "memory", &memory, err);
	if (r < 0)
		return r;
	json_object_del(memory, "swap");
	json_object_del(memory, "reservation");
	json_object_set_new(memory, "limit", json_integer((json_int_t) spec->memory));
	return 0;
}

static int adapt_resources(json_t *linux_part, const struct oci_spec *spec, struct err *err)
{
	json_t *resources, *cpu;
	char list[4096];
	int r = object_in(linux_part, "resources", &resources, err);

	if (r == 0)
		r = object_in(resources, "cpu", &cpu, err);
	if (r == 0)
		r = adapt_memory(resources, spec, err);
	if (r < 0)
		return r;
	json_object_del(cpu, "cpus");
	if (!cpuset_empty(&spec->cpus))
		json_object_set_new(cpu, "cpus", json_string(cpuset_list(&spec->cpus, list, sizeof(list))));
	if (spec->rt.runtime_us) {
		json_object_set_new(cpu, "realtimeRuntime", json_integer(spec->rt.runtime_us));
		json_object_set_new(cpu, "realtimePeriod", json_integer((json_int_t) spec->rt.period_us));
	}
	return 0;
}

int oci_adapt(json_t *config, const struct oci_spec *spec, const char *dir, struct err *err)
{
	json_t *linux_part;
	int r;

	if (!json_is_object(config))
		return err_set(err, -EINVAL, "config.json is no object");
	r = adapt_root(config, dir, err);
	if (r == 0)
		r = adapt_process(config, spec, err);
	if (r == 0)
		r = object_in(config, "linux", &linux_part, err);
	if (r < 0)
		return r;
	json_object_set_new(linux_part, "cgroupsPath", json_string(spec->cgroup));
	r = adapt_network(linux_part, spec, err);
	return r == 0 ? adapt_resources(linux_part, spec, err) : r;
}
