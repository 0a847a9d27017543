/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/modinfo.h"

#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* Does [off, off+n) lie inside the image?  Written so that nothing overflows. */
static bool inside(size_t len, uint64_t off, uint64_t n)
{
	return off <= len && n <= len - off;
}

static int read_header(Elf64_Ehdr *ret, const void *elf, size_t len, struct err *err)
{
	if (len < sizeof(*ret))
		return err_set(err, -ENOEXEC, "not an ELF file: only %zu bytes", len);
	memcpy(ret, elf, sizeof(*ret));
	if (memcmp(ret->e_ident, ELFMAG, SELFMAG) != 0)
		return err_set(err, -ENOEXEC, "not an ELF file: wrong first bytes");
	if (ret->e_ident[EI_CLASS] != ELFCLASS64 || ret->e_ident[EI_DATA] != ELFDATA2LSB || ret->e_machine != EM_X86_64)
		return err_set(err, -ENOEXEC, "an ELF file, but not for x86-64");
	if (ret->e_type != ET_REL)
		return err_set(err, -ENOEXEC, "an ELF file, but not a kernel module");
	if (ret->e_shentsize != sizeof(Elf64_Shdr) || !inside(len, ret->e_shoff, (uint64_t) ret->e_shnum * sizeof(Elf64_Shdr)))
		return err_set(err, -ENOEXEC, "cut off: the section table lies outside the file");
	return 0;
}

static Elf64_Shdr section(const char *elf, const Elf64_Ehdr *h, unsigned i)
{
	Elf64_Shdr s;

	memcpy(&s, elf + h->e_shoff + i * sizeof(s), sizeof(s)); /* may be unaligned in a damaged file */
	return s;
}

static bool has_name(const char *elf, size_t len, const Elf64_Shdr *strings, const Elf64_Shdr *s, const char *name)
{
	size_t n = strlen(name) + 1;

	if (strings->sh_type != SHT_STRTAB || !inside(len, strings->sh_offset, strings->sh_size))
		return false;
	return inside(strings->sh_size, s->sh_name, n) && memcmp(elf + strings->sh_offset + s->sh_name, name, n) == 0;
}

int modinfo_find(struct modinfo *ret, const void *image, size_t len, struct err *err)
{
	const char *elf = image;
	Elf64_Shdr strings, s;
	Elf64_Ehdr h;
	int r = read_header(&h, elf, len, err);

	if (r < 0)
		return r;
	if (h.e_shstrndx >= h.e_shnum)
		return err_set(err, -ENOEXEC, "damaged: it has no section names");
	strings = section(elf, &h, h.e_shstrndx);
	for (unsigned i = 0; i < h.e_shnum; i++) {
		s = section(elf, &h, i);
		if (!has_name(elf, len, &strings, &s, ".modinfo"))
			continue;
		if (s.sh_type == SHT_NOBITS || !inside(len, s.sh_offset, s.sh_size))
			return err_set(err, -ENOEXEC, "cut off: section .modinfo lies outside the file");
		if (s.sh_size == 0 || elf[s.sh_offset + s.sh_size - 1] != '\0')
			return err_set(err, -ENOEXEC, "damaged: section .modinfo does not end in a NUL");
		*ret = (struct modinfo){ .at = elf + s.sh_offset, .len = s.sh_size };
		return 0;
	}
	return err_set(err, -ENOEXEC, "an ELF file, but not a kernel module: it has no section .modinfo");
}

const char *modinfo_get(const struct modinfo *m, const char *key, unsigned nth)
{
	size_t n = strlen(key);

	for (const char *p = m->at, *end = m->at + m->len; p < end; p += strlen(p) + 1) {
		if (strncmp(p, key, n) == 0 && p[n] == '=' && nth-- == 0)
			return p + n + 1;
	}
	return NULL;
}

char *module_fold(char *buf, size_t cap, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < len && i + 1 < cap; i++)
		buf[i] = name[i] == '-' ? '_' : name[i];
	buf[i] = '\0';
	return buf;
}

bool module_of_path(const char *path, char *buf, size_t cap, enum module_packing *ret)
{
	static const struct {
		const char *suffix;
		enum module_packing packing;
	} endings[] = {
		{ .suffix = ".ko", .packing = MODULE_PLAIN },
		{ .suffix = ".ko.xz", .packing = MODULE_XZ },
		{ .suffix = ".ko.zst", .packing = MODULE_ZSTD },
		{ .suffix = ".ko.gz", .packing = MODULE_GZIP },
	};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t len = strlen(name), end = strlen(endings[i].suffix);

		if (len <= end || len - end >= cap || !text_ends(name, endings[i].suffix))
			continue;
		module_fold(buf, cap, name, len - end);
		*ret = endings[i].packing;
		return true;
	}
	return false;
}
