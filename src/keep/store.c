/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "base/trust.h"
#include "base/vec.h"

#define FORMAT     1
#define MOST_BYTES ((size_t) 1 << 20)

void stored_make(struct stored *ret, const struct fs *fs, const char *profile, const json_t *wish, const struct cpu_facts *cpus,
		 const struct cpuset *isolated, bool cpus_named)
{
	*ret = (struct stored){ .wish = json_deep_copy(wish), .cpus_named = cpus_named };
	text_print(ret->profile, sizeof(ret->profile), "%s", profile);
	clock_stamp(ret->written);
	machine_id_of(fs, ret->machine);
	ret->isolated = cpus_to_json(cpus, isolated);
	cards_read(fs, &ret->cards);
}

void stored_free(struct stored *s)
{
	json_decref(s->wish);
	json_decref(s->isolated);
	cards_free(&s->cards);
	*s = (struct stored){ 0 };
}

char *stored_text(const struct stored *s)
{
	AUTO_JSON json_t *o = json_pack("{s:i, s:s, s:s, s:s, s:O, s:b, s:O, s:o}", "format", FORMAT, "written", s->written,
					"machine", s->machine, "profile", s->profile, "wish", s->wish, "cpus_named",
					s->cpus_named, "isolated", s->isolated, "cards", cards_to_json(&s->cards));
	AUTO_FREE char *text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;

	return text ? xprintf("%s\n", text) : NULL;
}

static int copy(const json_t *o, const char *member, char *buf, size_t cap, struct err *err)
{
	const char *text;
	int r = jx_str(o, member, &text, err);

	if (r == 0 && text_print(buf, cap, "%s", text))
		return err_set(err, -ERANGE, "\"%s\" is too long", member);
	return r;
}

static int parse_into(const json_t *o, struct stored *s, struct err *err)
{
	json_t *wish = NULL, *isolated = NULL, *cards = NULL;
	int r = json_is_object(o) ? jx_format(o, FORMAT, err) : err_set(err, -EINVAL, "this is no JSON object");

	if (r == 0)
		r = copy(o, "written", s->written, sizeof(s->written), err);
	if (r == 0)
		r = copy(o, "machine", s->machine, sizeof(s->machine), err);
	if (r == 0)
		r = copy(o, "profile", s->profile, sizeof(s->profile), err);
	if (r == 0)
		r = jx_obj(o, "wish", &wish, err);
	if (r == 0)
		r = jx_bool(o, "cpus_named", &s->cpus_named, err);
	if (r == 0)
		r = jx_array(o, "isolated", &isolated, err);
	if (r == 0)
		r = jx_array(o, "cards", &cards, err);
	if (r == 0)
		r = cards_from_json(cards, &s->cards, err);
	if (r == 0) {
		s->wish = json_incref(wish);
		s->isolated = json_incref(isolated);
	}
	return r;
}

int stored_parse(const char *text, size_t len, const char *what, struct stored *ret, struct err *err)
{
	AUTO_JSON json_t *o = NULL;
	struct stored s = { 0 };
	int r = jx_parse(text, len, what, &o, err);

	if (r < 0)
		return r;
	r = parse_into(o, &s, err);
	if (r < 0) {
		stored_free(&s);
		return err_in(err, "%s", what);
	}
	*ret = s;
	return 0;
}

/* Whoever may write there could tune this host at the next boot. */
static int check_private(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? -ENOENT : err_sys(err, -errno, "cannot look at %s", path);
	if (S_ISLNK(st.st_mode))
		return err_set(err, -EPERM, "%s is a link: what vlat obeys at boot must lie there itself", path);
	return trust_check(path, 0, err);
}

int stored_load(const char *root, struct stored *ret, struct err *err)
{
	AUTO_FREE char *folder = xprintf("%s" KEEP_FOLDER, root), *path = xprintf("%s" KEEP_FILE, root), *text = NULL;
	size_t len = 0;
	int r = check_private(folder, err);

	if (r == 0)
		r = check_private(path, err);
	if (r == -ENOENT)
		return err_set(err, r, "no tuning is stored here (%s): vlat tune PROFILE --apply --persist stores one", path);
	if (r == 0)
		r = file_read_all(path, MOST_BYTES, &text, &len, err);
	return r < 0 ? r : stored_parse(text, len, path, ret, err);
}

int stored_save(const struct stored *s, const char *root, struct journal *j, struct err *err)
{
	AUTO_FREE char *folder = xprintf("%s" KEEP_FOLDER, root), *path = xprintf("%s" KEEP_FILE, root), *text = stored_text(s);
	int r = text ? check_private(folder, err) : err_set(err, -EILSEQ, "the wish holds bytes that are no UTF-8 text");

	if (r == -ENOENT)
		r = journal_folder(j, folder, 0755, err);
	if (r == 0)
		r = check_private(path, err);
	if (r == 0 || r == -ENOENT)
		r = journal_put(j, path, text, 0644, err);
	return r;
}

int stored_check_machine(const struct stored *s, const struct fs *fs, struct err *err)
{
	char now[MACHINE_ID_CAP];

	machine_id_of(fs, now);
	if (!s->machine[0] || !now[0] || text_eq(now, s->machine))
		return 0;
	return err_set(err, -EXDEV,
		       KEEP_FILE
		       " was written on another machine (%.40s; this is %.40s): look at vlat tune %s, then store it here with "
		       "--apply --persist",
		       s->machine, now, s->profile);
}

int stored_cpus(const struct stored *s, const struct cpu_facts *cpus, struct cpuset *ret, struct err *err)
{
	int r = cpus_from_json(s->isolated, cpus, ret, err);

	return r < 0 ? err_in(err, KEEP_FILE) : 0;
}
