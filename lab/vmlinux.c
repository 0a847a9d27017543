/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bzImage is a small program with the kernel packed behind it.  Unpacking
 * under binary translation takes longer than the rest of the boot, so it is
 * done here, once, and QEMU starts the kernel itself by its PVH entry
 * (docs: Documentation/arch/x86/boot.rst, "payload_offset"; the note is
 * XEN_ELFNOTE_PHYS32_ENTRY of include/xen/interface/elfnote.h).
 *
 * What cannot be unpacked here is booted as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "lab.h"
#include "vm/cache.h"
#include "vm/unpack.h"

#define IMAGE_BYTES_MAX  (64u << 20)
#define SETUP_SECTS      0x1f1
#define PAYLOAD_OFFSET   0x248
#define PAYLOAD_LENGTH   0x24c
#define SIZE_BEHIND      4 /* the unpacked size follows the packed bytes, and is counted among them */
#define KEEP_UNUSED_NS   (7 * 24 * 3600 * NS_PER_S)

struct payload {
	const char *at;
	size_t len;
	enum module_packing packing;
};

static uint32_t word_at(const char *image, size_t at)
{
	uint32_t w;

	memcpy(&w, image + at, sizeof(w));
	return w;
}

static bool find_payload(struct payload *ret, const char *image, size_t len)
{
	unsigned char sectors;
	size_t at;

	if (len < 0x1000)
		return false;
	sectors = (unsigned char) image[SETUP_SECTS];
	at = (sectors ? sectors + 1u : 5u) * 512u + (size_t) word_at(image, PAYLOAD_OFFSET);
	*ret = (struct payload){ .len = word_at(image, PAYLOAD_LENGTH) };
	if (at >= len || ret->len > len - at || ret->len < 16)
		return false;
	ret->at = image + at;
	ret->len -= SIZE_BEHIND;
	if (memcmp(ret->at, "\xfd" "7zXZ", 6) == 0)
		ret->packing = MODULE_XZ;
	else if (memcmp(ret->at, "\x28\xb5\x2f\xfd", 4) == 0)
		ret->packing = MODULE_ZSTD;
	else
		return false;
	return true;
}

/* An ELF file with a note "Xen" of type 18. */
static bool has_pvh_entry(const char *elf, size_t len)
{
	static const char note[] = "\x12\0\0\0Xen";

	return len > 64 && memcmp(elf, "\177ELF", 4) == 0 && memmem(elf, len, note, sizeof(note));
}

/* The unpackers read files: give them one without a name. */
static int unpack(const struct payload *p, char **ret, size_t *ret_len, struct err *err)
{
	AUTO_CLOSE int fd = memfd_create("kernel", MFD_CLOEXEC);
	char path[32];

	if (fd < 0 || write(fd, p->at, p->len) != (ssize_t) p->len)
		return err_sys(err, -errno, "memory file");
	text_print(path, sizeof(path), "/proc/self/fd/%d", fd);
	return module_read(path, p->packing, ret, ret_len, err);
}

static int make(const char *bzimage, const char *path, struct err *err)
{
	AUTO_FREE char *image = NULL, *elf = NULL;
	struct payload p;
	size_t len, elf_len;
	int r = file_read_all(bzimage, IMAGE_BYTES_MAX, &image, &len, err);

	if (r < 0)
		return r;
	if (!find_payload(&p, image, len))
		return err_set(err, -ENOTSUP, "packed in a way that is not known here");
	r = unpack(&p, &elf, &elf_len, err);
	if (r < 0)
		return r;
	if (!has_pvh_entry(elf, elf_len))
		return err_set(err, -ENOTSUP, "it has no PVH entry");
	return file_write_atomic(path, elf, elf_len, 0644, err);
}

void lab_vmlinux(struct lab_parts *parts)
{
	const char *image = parts->kernel.image;
	char dir[512], path[600];
	struct stat st;
	struct err err;
	uint64_t h;

	if (stat(image, &st) < 0 || cache_dir("lab/vmlinux", dir, sizeof(dir), &err) < 0)
		return;
	h = cache_hash(cache_hash(CACHE_HASH, image, strlen(image)), &st.st_mtim, sizeof(st.st_mtim));
	if (text_print(path, sizeof(path), "%s/%016llx.elf", dir, (unsigned long long) h))
		return;
	if (utimensat(AT_FDCWD, path, NULL, 0) < 0) { /* touched on every use */
		cache_prune(dir, "", KEEP_UNUSED_NS);
		if (make(image, path, &err) < 0) {
			log_debug("kernel %s is booted packed: %s", image, err.text);
			return;
		}
	}
	text_print(parts->vmlinux, sizeof(parts->vmlinux), "%s", path);
}
