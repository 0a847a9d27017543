/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A control group knows its container by id.  The name is in a file of the
 * engine, which mostly root alone may read and which holds more than names:
 * only asked for when somebody waits for the answer, never by a capture.
 */
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "knob/containers.h"

#define STATE_MAX (4u << 20)

/* An annotation of an OCI configuration, by the names of containerd's and of CRI-O's. */
static const char *note(const json_t *config, const char *containerd, const char *crio)
{
	const json_t *notes = json_object_get(config, "annotations");
	const char *a = json_string_value(json_object_get(notes, containerd));

	return a ? a : json_string_value(json_object_get(notes, crio));
}

/* "NAMESPACE/POD/CONTAINER" as Kubernetes has it, else nerdctl's own name. */
static void name_of_config(const json_t *o, char *buf, size_t cap)
{
	const char *space = note(o, "io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace");
	const char *pod = note(o, "io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name");
	const char *one = note(o, "io.kubernetes.cri.container-name", "io.kubernetes.container.name");
	const char *own = note(o, "nerdctl/name", "org.systemd.property.Description");

	if (pod)
		text_print(buf, cap, "%s%s%s%s%s", space ? space : "", space ? "/" : "", pod, one ? "/" : "", one ? one : "");
	else if (own)
		text_print(buf, cap, "%s", own);
}

static void name_of_docker(const json_t *o, char *buf, size_t cap)
{
	const char *name = json_string_value(json_object_get(o, "Name"));

	if (name)
		text_print(buf, cap, "%s", name + (name[0] == '/'));
}

/* containers.json: one list for all, each with an id and names. */
static void name_of_list(const json_t *list, const char *id, char *buf, size_t cap)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		const char *its = json_string_value(json_object_get(o, "id"));
		const char *name = json_string_value(json_array_get(json_object_get(o, "names"), 0));

		if (its && name && text_eq(its, id))
			text_print(buf, cap, "%s", name);
	}
}

void container_name_of(const char *text, size_t len, const char *id, char *buf, size_t cap)
{
	json_t *o = json_loadb(text, len, 0, NULL);

	buf[0] = '\0';
	if (json_is_array(o))
		name_of_list(o, id, buf, cap);
	else if (json_object_get(o, "Name"))
		name_of_docker(o, buf, cap);
	else
		name_of_config(o, buf, cap);
	/* It is printed: what is no plain text is no name. */
	for (const char *c = buf; *c; c++) {
		if ((unsigned char) *c < ' ' || *c == 127)
			buf[0] = '\0';
	}
	json_decref(o);
}

static const struct {
	const char *engine, *path; /* "%s": the id; without it a list of all */
} state_files[] = {
	{ "docker", "var/lib/docker/containers/%s/config.v2.json" },
	{ "podman", "var/lib/containers/storage/overlay-containers/containers.json" },
	{ "containerd", "run/containerd/io.containerd.runtime.v2.task/k8s.io/%s/config.json" },
	{ "containerd", "run/containerd/io.containerd.runtime.v2.task/default/%s/config.json" },
	{ "cri-o", "run/containers/storage/overlay-containers/%s/userdata/config.json" },
};

/* Those whose files we may not read keep their ids. */
void containers_name(const struct fs *fs, struct containers *all)
{
	for (size_t c = 0; c < all->n; c++) {
		struct container_fact *one = &all->at[c];

		for (size_t i = 0; i < ARRAY_SIZE(state_files) && !one->name[0]; i++) {
			const char *path = state_files[i].path, *hole = strstr(path, "%s");
			AUTO_FREE char *text = NULL;
			char full[256];
			size_t n = 0;

			if (!text_eq(state_files[i].engine, one->engine) ||
			    (hole ? text_print(full, sizeof(full), "%.*s%s%s", (int) (hole - path), path, one->id, hole + 2)
				  : text_print(full, sizeof(full), "%s", path)))
				continue;
			if (fs_read_all(fs, full, STATE_MAX, &text, &n) >= 0)
				container_name_of(text, n, one->id, one->name, sizeof(one->name));
		}
	}
}

enum engine container_engine(const struct container_fact *c)
{
	static const char *const names[ENGINE_COUNT] = {
		[ENGINE_DOCKER] = "docker", [ENGINE_PODMAN] = "podman", [ENGINE_CONTAINERD] = "containerd",
		[ENGINE_CRIO] = "cri-o",    [ENGINE_LXC] = "lxc",       [ENGINE_NSPAWN] = "systemd-nspawn",
	};

	for (unsigned e = 0; e < ENGINE_COUNT; e++) {
		if (names[e] && text_eq(names[e], c->engine))
			return c->pod && e != ENGINE_CRIO ? ENGINE_POD : (enum engine) e;
	}
	return ENGINE_POD;
}
