/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ids.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define BOOT_ID "proc/sys/kernel/random/boot_id"

void machine_id_of(const struct fs *fs, char buf[MACHINE_ID_CAP])
{
	char text[80];
	int r = fs_read(fs, "etc/machine-id", text, sizeof(text));

	buf[0] = '\0';
	if (r >= 0 && strlen(text_trim(text)) == 32 && strspn(text_trim(text), "0123456789abcdef") == 32)
		text_print(buf, MACHINE_ID_CAP, "%s", text_trim(text));
}

int boot_id_of(const struct fs *fs, char buf[BOOT_ID_CAP])
{
	int r = fs_read(fs, BOOT_ID, buf, BOOT_ID_CAP);

	if (r < 0)
		buf[0] = '\0';
	return r < 0 ? r : 0;
}

void machine_id_here(char buf[MACHINE_ID_CAP])
{
	AUTO(fs_close) struct fs fs = { .root = -1 };
	struct err ignored;

	buf[0] = '\0';
	if (fs_open_root(&fs, "/", &ignored) == 0)
		machine_id_of(&fs, buf);
}

int boot_id_here(char buf[BOOT_ID_CAP], struct err *err)
{
	AUTO(fs_close) struct fs fs = { .root = -1 };
	int r = fs_open_root(&fs, "/", err);

	buf[0] = '\0';
	if (r < 0)
		return r;
	r = boot_id_of(&fs, buf);
	return r < 0 ? err_sys(err, r, "cannot read /" BOOT_ID) : 0;
}
