/* SPDX-License-Identifier: Apache-2.0 */
/* What `vlat tune --persist` writes: the stored wish, the unit that applies it, and the link that has it started. */
#include <stdio.h>

#include "base/jsonx.h"
#include "journal/lasting.h"
#include "keep/store.h"
#include "keep/unit.h"
#include "lab.h"

static int store(const struct lab *lab, struct journal *j, struct err *err)
{
	AUTO_JSON json_t *wish = json_pack("{s:s, s:s}", "profile", "vm-host", "level", "standard");
	struct stored s;
	int r;

	stored_make(&s, &lab->fs, "vm-host", wish, &lab->facts.cpu, &lab->split.isolated, false);
	r = stored_save(&s, lab->dir, j, err);
	stored_free(&s);
	return r;
}

static int store_and_install(const struct lab *lab, struct journal *j, struct err *err)
{
	const struct unit_about about = { .vlat = "/usr/bin/vlat", .profile = "vm-host", .state = lab->state };
	int r = store(lab, j, err);

	return r < 0 ? r : unit_install(j, lab->dir, NULL, &about, err);
}

/* As tune_persist() ends an attempt that failed: the journal is closed, which undoes. */
static int keep(const struct lab *lab, bool dies)
{
	struct journal *j = NULL;
	struct err err = { 0 }, undo = { 0 };
	int r = journal_open_lasting(&j, "kept vm-host", &err), closed;

	if (r == 0)
		r = store_and_install(lab, j, &err);
	if (r == 0 && dies)
		fuse_die();
	closed = j ? journal_close(j, &undo) : 0;
	if (r < 0)
		printf("# %s\n", err.text);
	if (closed < 0)
		printf("# %s\n", undo.text);
	need(r == 0 || err.text[0], "it failed without a word", NULL);
	need(closed == 0 || undo.text[0], "undoing failed without a word", NULL);
	return r < 0 || closed < 0;
}

int keep_once(const struct lab *lab)
{
	return keep(lab, false);
}

int keep_and_die(const struct lab *lab)
{
	return keep(lab, true);
}
