/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "base/vec.h"

enum { MOST_BYTES = 64 << 20 }; /* of one file: a cell of hours with every second's histogram stays far below */

#define LOWER_CASE "abcdefghijklmnopqrstuvwxyz"

static const char lower_case[] = LOWER_CASE, letters_and_digits[] = LOWER_CASE "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static char *study_path(const char *dir)
{
	return xprintf("%s/study.json", dir);
}

static char *cell_path(const char *dir, unsigned id)
{
	return xprintf("%s/cells/%04u.json", dir, id);
}

int record_study_write(const char *dir, const json_t *study, struct err *err)
{
	AUTO_FREE char *path = study_path(dir), *cells = xprintf("%s/cells", dir);
	int r = dir_make_all(cells, 0755, err);

	return r < 0 ? r : jx_save(path, study, 0644, err);
}

int record_cell_write(const char *dir, unsigned id, const json_t *cell, struct err *err)
{
	AUTO_FREE char *path = cell_path(dir, id);

	return jx_save(path, cell, 0644, err);
}

bool record_cell_exists(const char *dir, unsigned id)
{
	AUTO_FREE char *path = cell_path(dir, id);

	return access(path, F_OK) == 0;
}

int record_study_read(const char *dir, json_t **ret, struct err *err)
{
	AUTO_FREE char *path = study_path(dir);
	AUTO_JSON json_t *study = NULL;
	struct stat st;
	int r;

	if (stat(dir, &st) < 0)
		return err_sys(err, -errno, "%s is no results folder, as `vlat study --out DIR` makes one", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, -ENOTDIR, "%s is not a folder; give the folder that a study wrote", dir);
	if (access(path, F_OK) < 0)
		return err_set(err, -ENOENT, "%s holds no study.json; give the folder that a study wrote", dir);
	r = jx_load(path, MOST_BYTES, &study, err);
	if (r < 0)
		return r;
	if (!json_is_object(study))
		return err_set(err, -EINVAL, "%s: not a JSON object", path);
	r = jx_formats(study, RECORD_OLDEST, RECORD_FORMAT, err);
	if (r < 0)
		return err_in(err, "%s", path);
	*ret = TAKE(study);
	return 0;
}

/* "0042.json"; temporary names, notes and whatever else lies there are not cells. */
static bool cell_id(const char *name, unsigned *ret)
{
	const char *at = name;
	uint64_t id;

	if (strlen(name) < strlen("0001.json") || !take_u64(&at, &id) || strcmp(at, ".json") != 0 || id > RECORD_MOST_CELLS)
		return false;
	*ret = (unsigned) id;
	return true;
}

/*
 * mkostemp's six letters and digits behind the name of a file that vlat writes
 * there.  Lower case alone may be a person's word ("study.json.backup"): kept.
 */
static bool is_temporary(const char *name, bool among_cells)
{
	static const char *const others[] = { "study.json", "report.html", "report.json", "report.txt" };
	AUTO_FREE char *whole = xstrdup(name);
	char *dot = strrchr(whole, '.');
	unsigned id;

	if (!dot || strlen(dot) != strlen(".XXXXXX") || dot[1 + strspn(dot + 1, lower_case)] == '\0' ||
	    dot[1 + strspn(dot + 1, letters_and_digits)])
		return false;
	*dot = '\0';
	for (size_t i = 0; !among_cells && i < ARRAY_SIZE(others); i++)
		if (text_eq(whole, others[i]))
			return true;
	return among_cells && cell_id(whole, &id);
}

static size_t tidy_folder(const char *dir, bool among_cells)
{
	AUTO_DIR DIR *d = opendir(dir);
	const struct dirent *e;
	size_t n = 0;

	while (d && (e = readdir(d)))
		n += is_temporary(e->d_name, among_cells) && unlinkat(dirfd(d), e->d_name, 0) == 0;
	return n;
}

size_t record_tidy(const char *dir)
{
	AUTO_FREE char *cells = xprintf("%s/cells", dir);

	return tidy_folder(dir, false) + tidy_folder(cells, true);
}

static int read_cell(struct record *r, unsigned id, struct record_cell *ret, struct err *err)
{
	AUTO_FREE char *path = cell_path(r->dir, id);
	AUTO_JSON json_t *json = NULL;
	int rc = jx_load(path, MOST_BYTES, &json, err);

	if (rc == 0)
		rc = record_cell_parse(ret, json, path, err);
	if (rc < 0)
		return rc;
	if (ret->id == id)
		return 0;
	rc = err_set(err, -EINVAL, "%s says it is cell %u; it was renamed or copied, remove it", path, ret->id);
	record_cell_clear(ret);
	return rc;
}

static int read_cells(struct record *r, struct err *err)
{
	AUTO_FREE char *dir = xprintf("%s/cells", r->dir);
	struct fs_names names = { 0 };
	struct fs fs;
	int rc = fs_open_root(&fs, dir, err);

	if (rc == -ENOENT)
		return err_set(err, rc, "%s holds no folder cells; give the folder that a study wrote", r->dir);
	if (rc < 0)
		return rc;
	rc = fs_list(&fs, ".", &names);
	fs_close(&fs);
	if (rc < 0)
		return err_sys(err, rc, "%s", dir);
	r->cells = xalloc(names.n + 1, sizeof(*r->cells));
	for (size_t i = 0; rc >= 0 && i < names.n; i++) {
		unsigned id;

		if (cell_id(names.at[i], &id)) {
			rc = read_cell(r, id, &r->cells[r->n_cells], err);
			r->n_cells += rc >= 0;
		}
	}
	fs_list_free(&names);
	return rc < 0 ? rc : 0;
}

static int by_id(const void *a, const void *b)
{
	const struct record_cell *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

int record_read(struct record **ret, const char *dir, struct err *err)
{
	AUTO(record_freep) struct record *r = xalloc(1, sizeof(*r));
	int rc;

	r->dir = xstrdup(dir);
	rc = record_study_read(dir, &r->study, err);
	if (rc == 0)
		rc = read_cells(r, err);
	if (rc < 0)
		return rc;
	qsort(r->cells, r->n_cells, sizeof(*r->cells), by_id);
	*ret = TAKE(r);
	return 0;
}

void record_free(struct record *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_cells; i++)
		record_cell_clear(&r->cells[i]);
	free(r->cells);
	json_decref(r->study);
	free(r->dir);
	free(r);
}
