/* SPDX-License-Identifier: Apache-2.0 */
#include "host/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"

const char *kvm_usable_name(enum kvm_usable u)
{
	static const char *const names[] = {
		[KVM_NO] = "no", [KVM_YES] = "yes", [KVM_FORBIDDEN] = "forbidden", [KVM_UNKNOWN] = "unknown"
	};

	return names[u];
}

static int ask_version(void *arg, char *buf, size_t cap)
{
	AUTO_CLOSE int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int version;

	(void) arg;
	if (fd < 0)
		return -errno;
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (version < 0)
		return -errno;
	return text_print(buf, cap, "%d", version) ? -ENOSPC : (int) strlen(buf);
}

static void judge(const struct fs *fs, struct kvm_facts *k)
{
	char text[16];
	int64_t version;
	int r = fs_answer(fs, "kvm/version", ask_version, NULL, text, sizeof(text));

	k->version = -1;
	if (r >= 0 && text_i64(text, &version) == 0 && version > 0 && version < 1000) {
		k->version = (int) version;
		k->usable = KVM_YES;
		text_print(k->why, sizeof(k->why), "/dev/kvm answers with interface version %d", k->version);
	} else if (r == -EACCES || r == -EPERM) {
		k->usable = KVM_FORBIDDEN;
		text_print(k->why, sizeof(k->why), "/dev/kvm is there, but this user may not open it (group kvm)");
	} else if (r == -ENODATA && fs_exists(fs, "dev/kvm")) {
		k->usable = KVM_UNKNOWN;
		text_print(k->why, sizeof(k->why), "/dev/kvm is there; a copy of a machine cannot be asked more");
	} else if (r == -ENODATA && k->n_params) {
		k->usable = KVM_UNKNOWN;
		text_print(k->why, sizeof(k->why), "the kvm module is loaded; a copy of a machine cannot be asked more");
	} else if (r == -ENODATA) {
		k->usable = KVM_UNKNOWN;
		text_print(k->why, sizeof(k->why), "this copy of a machine holds nothing of KVM");
	} else {
		k->usable = KVM_NO;
		text_print(k->why, sizeof(k->why),
			   "there is no /dev/kvm: no module, no hardware support, or it is off in the firmware");
		if (r != -ENOENT)
			text_print(k->why, sizeof(k->why), "/dev/kvm does not answer: %s", strerror(r < 0 ? -r : EPROTO));
	}
}

/* "Y" and "1" are yes. */
static int param_bool(const struct kvm_facts *k, const char *name)
{
	const char *value = kvm_param(k, name);

	if (!value)
		return -1;
	return text_eq(value, "Y") || text_eq(value, "1");
}

static int either(int a, int b)
{
	return a >= 0 ? a : b;
}

void kvm_facts_read(const struct fs *fs, struct kvm_facts *ret)
{
	static const char *const modules[] = { "kvm", "kvm_intel", "kvm_amd" };
	VEC(struct kvm_param) list = { 0 };
	struct kvm_facts k = { 0 };

	for (size_t m = 0; m < ARRAY_SIZE(modules); m++) {
		struct fs_names names;
		char path[64];

		text_print(path, sizeof(path), "sys/module/%s/parameters", modules[m]);
		if (fs_list(fs, path, &names) < 0)
			continue;
		if (m > 0)
			text_print(k.vendor, sizeof(k.vendor), "%s", modules[m] + 4);
		for (size_t i = 0; i < names.n; i++) {
			struct kvm_param p = { 0 };

			if (text_print(p.name, sizeof(p.name), "%s", names.at[i]) ||
			    fs_readf(fs, p.value, sizeof(p.value), "%s/%s", path, names.at[i]) < 0)
				continue;
			text_print(p.module, sizeof(p.module), "%s", modules[m]);
			*vec_add(&list) = p;
		}
		fs_list_free(&names);
	}
	k.params = list.at;
	k.n_params = list.n;
	k.nested_paging = either(param_bool(&k, "ept"), param_bool(&k, "npt"));
	k.nested = param_bool(&k, "nested");
	k.avic = either(param_bool(&k, "enable_apicv"), param_bool(&k, "avic"));
	judge(fs, &k);
	*ret = k;
}

void kvm_facts_free(struct kvm_facts *k)
{
	free(k->params);
	*k = (struct kvm_facts){ 0 };
}

const char *kvm_param(const struct kvm_facts *k, const char *name)
{
	for (size_t i = 0; i < k->n_params; i++) {
		if (text_eq(k->params[i].name, name))
			return k->params[i].value;
	}
	return NULL;
}
