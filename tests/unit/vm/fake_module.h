/* SPDX-License-Identifier: Apache-2.0 */
/* fake_module - the smallest ELF file that has a .modinfo section, made in memory. */
#ifndef TEST_FAKE_MODULE_H
#define TEST_FAKE_MODULE_H

#include <elf.h>
#include <stdlib.h>
#include <string.h>

struct fake_elf {
	Elf64_Ehdr head;
	char names[24];        /* "\0.shstrtab\0.modinfo\0" */
	Elf64_Shdr section[3]; /* null, .shstrtab, .modinfo */
	char info[512];
};

/* info: NUL-separated texts of len bytes in all. */
static inline size_t fake_module(struct fake_elf *e, const void *info, size_t len)
{
	static const char names[] = "\0.shstrtab\0.modinfo";

	memset(e, 0, sizeof(*e));
	memcpy(e->head.e_ident, ELFMAG, SELFMAG);
	e->head.e_ident[EI_CLASS] = ELFCLASS64;
	e->head.e_ident[EI_DATA] = ELFDATA2LSB;
	e->head.e_machine = EM_X86_64;
	e->head.e_type = ET_REL;
	e->head.e_shentsize = sizeof(Elf64_Shdr);
	e->head.e_shnum = 3;
	e->head.e_shstrndx = 1;
	e->head.e_shoff = offsetof(struct fake_elf, section);
	memcpy(e->names, names, sizeof(names));
	e->section[1].sh_name = 1;
	e->section[1].sh_type = SHT_STRTAB;
	e->section[1].sh_offset = offsetof(struct fake_elf, names);
	e->section[1].sh_size = sizeof(names);
	e->section[2].sh_name = 11;
	e->section[2].sh_type = SHT_PROGBITS;
	e->section[2].sh_offset = offsetof(struct fake_elf, info);
	e->section[2].sh_size = len;
	memcpy(e->info, info, len);
	return offsetof(struct fake_elf, info) + len;
}

#endif
