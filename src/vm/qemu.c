/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/qemu.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"
#include "vm/cache.h"

static int locate(const char *path, char *buf, size_t cap, struct err *err)
{
	static const char *const names[] = { "qemu-system-x86_64", "qemu-kvm", "/usr/libexec/qemu-kvm" };

	if (path) {
		if (program_find(path, buf, cap) < 0)
			return err_set(err, -ENOENT, "no QEMU at '%s': name the file qemu-system-x86_64", path);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (program_find(names[i], buf, cap) == 0)
			return 0;
	}
	return err_set(err, -ENOENT,
		       "QEMU is not installed: install the package qemu-system-x86 (Debian, Ubuntu) or"
		       " qemu-system-x86-core (Fedora)");
}

/* What the answers are valid for: this very file, and these very questions. */
static json_t *identity(const char *path, const struct stat *st)
{
	json_t *asked = json_array();

	for (unsigned i = 0; i < QEMU_CAPS; i++)
		json_array_append_new(asked, json_string(qemu_cap_name(i)));
	return json_pack("{s:s, s:I, s:I, s:I, s:o}", "path", path, "size", (json_int_t) st->st_size, "mtime_s",
			 (json_int_t) st->st_mtim.tv_sec, "mtime_ns", (json_int_t) st->st_mtim.tv_nsec, "asked", asked);
}

static bool load(struct qemu_caps *ret, const char *file, const json_t *id)
{
	struct qemu_caps caps = { 0 };
	AUTO_JSON json_t *kept = NULL;
	const char *version;
	json_t *known, *name;
	struct err ignored;
	size_t i;

	if (access(file, R_OK) < 0 || jx_load(file, 1 << 20, &kept, &ignored) < 0)
		return false;
	if (!json_equal(json_object_get(kept, "of"), id) || jx_str(kept, "version", &version, &ignored) < 0 ||
	    jx_array(kept, "has", &known, &ignored) < 0)
		return false;
	text_print(caps.version, sizeof(caps.version), "%s", version);
	json_array_foreach (known, i, name) {
		for (unsigned c = 0; c < QEMU_CAPS; c++) {
			if (json_is_string(name) && text_eq(json_string_value(name), qemu_cap_name(c)))
				caps.bits |= 1ull << c;
		}
	}
	*ret = caps;
	return true;
}

static void save(const struct qemu_caps *caps, const char *file, json_t *id)
{
	AUTO_JSON json_t *kept = NULL;
	json_t *has = json_array();
	struct err err;

	for (unsigned i = 0; i < QEMU_CAPS; i++) {
		if (qemu_has(caps, i))
			json_array_append_new(has, json_string(qemu_cap_name(i)));
	}
	kept = json_pack("{s:O, s:s, s:o}", "of", id, "version", caps->version, "has", has);
	if (jx_save(file, kept, 0644, &err) < 0)
		log_debug("QEMU's capabilities are not cached: %s", err.text);
}

static int check_usable(const struct qemu *q, struct err *err)
{
	static const enum qemu_cap needed[] = { QEMU_CAP_Q35, QEMU_CAP_VIRTIO_NET, QEMU_CAP_VIRTIO_SERIAL, QEMU_CAP_SERIAL_PORT };

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (!qemu_has(&q->caps, needed[i]))
			return err_set(err, -EOPNOTSUPP,
				       "QEMU %s (%s) was built without %s: install your distribution's QEMU for x86-64", q->path,
				       q->caps.version, qemu_cap_name(needed[i]));
	}
	return 0;
}

int qemu_find(struct qemu *ret, const char *path, struct err *err)
{
	AUTO_JSON json_t *id = NULL;
	struct qemu q = { 0 };
	char dir[512], file[600] = "";
	struct err ignored;
	struct stat st;
	int r = locate(path, q.path, sizeof(q.path), err);

	if (r < 0)
		return r;
	if (stat(q.path, &st) < 0)
		return err_sys(err, -errno, "QEMU %s", q.path);
	id = identity(q.path, &st);
	if (cache_dir("qemu", dir, sizeof(dir), &ignored) == 0)
		text_print(file, sizeof(file), "%s/%016llx.json", dir,
			   (unsigned long long) cache_hash(CACHE_HASH, q.path, strlen(q.path)));
	if (!*file || !load(&q.caps, file, id)) {
		r = qemu_probe(&q.caps, q.path, err);
		if (r < 0)
			return r;
		if (*file)
			save(&q.caps, file, id);
	}
	r = check_usable(&q, err);
	if (r >= 0)
		*ret = q;
	return r;
}
