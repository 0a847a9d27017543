/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/aptout.h"

#include <errno.h>
#include <string.h>

#include "base/cursor.h"
#include "base/text.h"

bool apt_is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789+-.");

	return n >= 2 && n < sizeof(((struct apt_package *) 0)->name) && s[n] == '\0' && s[0] != '-' && s[0] != '.' &&
	       s[0] != '+';
}

/*	linux-image-cloud-amd64
 *	  Depends: linux-image-6.1.0-56-cloud-amd64
 *	 |Depends: this-or
 *	  Depends: <virtual>
 */
bool apt_next_depends(const char **at, char *buf, unsigned cap)
{
	char line[256];

	while (take_line(at, line, sizeof(line))) {
		const char *p = line;
		char name[128];

		if (!take_text(&p, "  Depends: ") && !take_text(&p, " |Depends: ") && !take_text(&p, "  PreDepends: "))
			continue;
		if (take_word(&p, name, sizeof(name)) && apt_is_name(name) && !text_print(buf, cap, "%s", name))
			return true;
	}
	return false;
}

static bool is_version(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-~:") == strlen(s);
}

static void take_field(const char *line, struct apt_package *p)
{
	const char *at = line;

	if (take_text(&at, "Package: ") && apt_is_name(at))
		text_print(p->name, sizeof(p->name), "%s", at);
	else if (take_text(&at, "Version: ") && is_version(at) && strlen(at) < sizeof(p->version))
		text_print(p->version, sizeof(p->version), "%s", at);
	else if (take_text(&at, "SHA256: ") && strlen(at) == 64 && strspn(at, "0123456789abcdef") == 64)
		text_print(p->sha256, sizeof(p->sha256), "%s", at);
	else if (take_text(&at, "Size: "))
		text_u64(at, &p->size);
}

int apt_show_parse(const char *text, struct apt_package *ret, struct err *err)
{
	struct apt_package p = { 0 };
	const char *missing;
	char line[512];

	while (take_line(&text, line, sizeof(line)) && line[0])
		take_field(line, &p);
	missing = !p.name[0] ? "Package" : !p.version[0] ? "Version" : !p.sha256[0] ? "SHA256" : !p.size ? "Size" : NULL;
	if (missing)
		return err_set(err, -ENOENT, "apt-cache show tells no %s", missing);
	*ret = p;
	return 0;
}
