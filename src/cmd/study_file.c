/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/study_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"
#include "cmd/data_folder.h"

#define ENDING ".yaml"

/* "interference, welch", and which of them is meant. */
static int explain_unknown(const char *folder, const char *word, struct err *err)
{
	VEC(const char *) names = { 0 };
	struct fs_names files = { 0 };
	struct sink list = { 0 };
	const char *near;
	struct fs fs;
	int r = fs_open_root(&fs, folder, err);

	if (r < 0)
		return r;
	if (fs_list(&fs, ".", &files) < 0)
		files.n = 0;
	for (size_t i = 0; i < files.n; i++) {
		if (!text_ends(files.at[i], ENDING))
			continue;
		files.at[i][strlen(files.at[i]) - strlen(ENDING)] = '\0';
		sink_printf(&list, "%s%s", names.n ? ", " : "", files.at[i]);
		*vec_add(&names) = files.at[i];
	}
	near = text_nearest(word, names.at, names.n);
	r = err_set(err, -ENOENT, "no study is called '%.64s'%s%s%s: there are %s, and files with a '/' or ending in " ENDING,
		    word, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", list.text ? list.text : "none");
	sink_free(&list);
	vec_free(&names);
	fs_list_free(&files);
	fs_close(&fs);
	return r;
}

int study_file_find(const char *word, char ret[PATH_MAX], struct err *err)
{
	char folder[PATH_MAX];
	int r;

	if (strchr(word, '/') || text_ends(word, ENDING) || text_ends(word, ".yml"))
		return text_print(ret, PATH_MAX, "%s", word)
			       ? err_set(err, -ENAMETOOLONG, "the name of the study file is too long")
			       : 0;
	r = data_folder("studies", folder, err);
	if (r < 0)
		return r;
	if (text_is_name(word) && !text_print(ret, PATH_MAX, "%s/%s" ENDING, folder, word) && access(ret, R_OK) == 0)
		return 0;
	return explain_unknown(folder, word, err);
}
