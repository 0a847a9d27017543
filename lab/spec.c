/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"
#include "lab.h"

#define CPUS_MAX   32
#define MEMORY_MIN 512

const struct lab_kernel_row lab_kernels[] = {
	{ .name = "standard", .flavour = KERNEL_GENERIC },
	{ .name = "rt", .flavour = KERNEL_RT },
	{ .name = "cloud", .flavour = KERNEL_CLOUD, .virtiofs = true },
	{ .name = "backports", .backports = true, .package = "linux-image-amd64" },
	{ .name = "backports-rt", .backports = true, .package = "linux-image-rt-amd64" },
};
const size_t lab_n_kernels = ARRAY_SIZE(lab_kernels);

static const char *const nic_names[LAB_NIC_KINDS] = {
	[LAB_IGB] = "igb",
	[LAB_E1000E] = "e1000e",
	[LAB_VIRTIO] = "virtio",
};

const struct lab_kernel_row *lab_kernel_named(const char *name, struct err *err)
{
	AUTO(sink_free) struct sink names = { 0 };

	for (size_t i = 0; i < lab_n_kernels; i++) {
		if (text_eq(lab_kernels[i].name, name))
			return &lab_kernels[i];
		sink_printf(&names, "%s%s", i ? ", " : "", lab_kernels[i].name);
	}
	err_set(err, -EINVAL, "--kernel %.64s: the lab has no such kernel; use one of %s", name, names.text);
	return NULL;
}

static int nic_parse(const char *word, enum lab_nic *ret)
{
	for (unsigned i = 0; i < LAB_NIC_KINDS; i++) {
		if (text_eq(word, nic_names[i])) {
			*ret = (enum lab_nic) i;
			return 0;
		}
	}
	return -EINVAL;
}

int lab_nics_parse(struct lab_spec *spec, const char *text, struct err *err)
{
	for (const char *p = text;; p++) {
		size_t n = strcspn(p, ",");
		AUTO_FREE char *word = xstrndup(p, n);

		if (spec->n_nics == LAB_NICS_MAX)
			return err_set(err, -EINVAL, "--nic %.100s: more than %d network cards", text, LAB_NICS_MAX);
		if (nic_parse(word, &spec->nics[spec->n_nics]) < 0)
			return err_set(err, -EINVAL, "--nic %.100s: '%.32s' is no card of the lab; use igb, e1000e or virtio", text,
				       word);
		spec->n_nics++;
		p += n;
		if (!*p)
			return 0;
	}
}

/* Folders are mounted at their own path in the lab, so the path has to be one that means the same there. */
static int check_folder(const char *option, const char *path, struct err *err)
{
	struct stat st;

	if (!path)
		return 0;
	if (path[0] != '/')
		return err_set(err, -EINVAL, "%s %.200s: not an absolute path", option, path);
	if (stat(path, &st) < 0)
		return err_sys(err, -errno, "%s %.200s", option, path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, -ENOTDIR, "%s %.200s is there, but is no folder", option, path);
	if (access(path, W_OK) < 0)
		return err_sys(err, -errno, "%s %.200s: the lab could not write there", option, path);
	return 0;
}

static int check_text(const char *option, const char *text, struct err *err)
{
	for (const char *p = text; p && *p; p++) {
		if ((unsigned char) *p < ' ' && *p != '\t')
			return err_set(err, -EINVAL, "%s holds a line break or another control character", option);
	}
	return 0;
}

int lab_spec_check(const struct lab_spec *spec, struct err *err)
{
	int r;

	if (!spec->command || !spec->command[0])
		return err_set(err, -EINVAL, "no command to run in the lab: put it behind '--'");
	if (spec->cpus < 1 || spec->cpus > CPUS_MAX)
		return err_set(err, -EINVAL, "--cpus %u: an emulated host has 1 to %d", spec->cpus, CPUS_MAX);
	if (spec->memory_mb < MEMORY_MIN)
		return err_set(err, -EINVAL, "--memory %uM: an emulated host needs at least %dM", spec->memory_mb, MEMORY_MIN);
	if (spec->cmdline && strlen(spec->cmdline) > 1500)
		return err_set(err, -EINVAL, "--cmdline is longer than 1500 bytes: the kernel would cut it");
	if ((r = check_text("--cmdline", spec->cmdline, err)) < 0 || (r = check_text("--qemu", spec->qemu_words, err)) < 0 ||
	    (r = check_text("--smp", spec->smp, err)) < 0)
		return r;
	for (unsigned i = 0; i < spec->n_nics; i++) {
		if (spec->kernel->virtiofs && spec->nics[i] != LAB_VIRTIO)
			return err_set(err, -EINVAL, "--nic %s: the kernel '%s' has no driver for it; use virtio, or another kernel",
				       nic_names[spec->nics[i]], spec->kernel->name);
	}
	r = check_folder("--out", spec->out, err);
	return r < 0 ? r : check_folder("--persist", spec->persist, err);
}
