/* SPDX-License-Identifier: Apache-2.0 */
#include "study_home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/text.h"
#include "e2e.h"

static char home[64];

void home_make(void)
{
	(void) text_print(home, sizeof(home), "/tmp/vlat-study-XXXXXX");
	check(mkdtemp(home));
	check(chmod(home, 0755) == 0);
}

void home_remove(void)
{
	dir_remove_all(home);
}

char *in_home(char *buf, size_t cap, const char *name)
{
	(void) text_print(buf, cap, "%s/%s", home, name);
	return buf;
}

void write_study(const char *path, const char *text)
{
	struct err e = { 0 };

	must(file_write_atomic(path, text, strlen(text), 0644, &e));
}

json_t *load(const char *dir, const char *name)
{
	char path[256];
	json_t *json;

	(void) text_print(path, sizeof(path), "%s/%s", dir, name);
	json = json_load_file(path, 0, NULL);
	if (!json)
		printf("# %s is not there or no JSON\n", path);
	check(json);
	return json;
}
