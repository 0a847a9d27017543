/* SPDX-License-Identifier: Apache-2.0 */
/* Doing it: one lasting journal, in which the record comes first and the loader's files after it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/text.h"
#include "boot/internal.h"
#include "boot/params.h"
#include "journal/lasting.h"
#include "journal/undo.h"

#define PANIC_WORD                                                                                                               \
	"panic=30" /* a kernel that has panicked waits for ever by itself: it would never come back to the old entry             \
		    */

static void fill_record(const struct boot_plan *p, const struct fs *fs, const char *profile, bool once, const struct journal *j,
			struct boot_record *ret)
{
	*ret = (struct boot_record){ .state = once ? BOOT_TRYING : BOOT_KEPT };
	text_print(ret->run, sizeof(ret->run), "%s", journal_run(j));
	text_print(ret->id, sizeof(ret->id), "%s", journal_run(j));
	text_print(ret->profile, sizeof(ret->profile), "%s", profile);
	text_print(ret->loader, sizeof(ret->loader), "%s", p->loader->name);
	clock_stamp(ret->since);
	boot_id_of(fs, ret->boot);
	for (size_t i = 0; i < p->words.n; i++) {
		const struct boot_word *from = &p->words.at[i];
		struct record_word w = { .text = NULL };

		if (from->state != BOOT_ADD)
			continue;
		text_print(w.knob, sizeof(w.knob), "%s", from->knob);
		w.text = xstrdup(from->text);
		*vec_add(&ret->words) = w;
	}
}

static char *all_words(const struct boot_record *rec)
{
	struct sink out = { 0 };

	sink_put(&out, "");
	for (size_t i = 0; i < rec->words.n; i++)
		sink_printf(&out, "%s%s", i ? " " : "", rec->words.at[i].text);
	return out.text;
}

/* A tried kernel that panics must come back: unless somebody has said after how long, in whichever line. */
static char *words_once(const struct boot_loader *l, const struct fs *fs, const char *words)
{
	struct sink line = { 0 };
	char value[64];
	bool given = params_find(words, "panic", value, sizeof(value)) ||
		     (l->line(fs, &line, NULL) == 0 && line.text && params_find(line.text, "panic", value, sizeof(value)) &&
		      !text_eq(value, "0"));

	sink_free(&line);
	return given ? xstrdup(words) : xprintf("%s " PANIC_WORD, words);
}

static int write_all(const struct boot_loader *l, const struct fs *fs, struct journal *j, const struct boot_record *rec,
		     struct err *err)
{
	AUTO_FREE char *words = all_words(rec), *title = xprintf("tuned by vlat for %s, one boot", rec->profile);
	AUTO_FREE char *given = rec->state == BOOT_TRYING ? words_once(l, fs, words) : xstrdup(words);
	AUTO_FREE char *block = params_block(rec->id, given);
	struct boot_job job = { .fs = fs, .journal = j, .block = block, .title = title };
	int r = boot_record_put(j, rec, err);

	if (r < 0)
		return r;
	if (rec->state == BOOT_TRYING && !l->once)
		return err_set(err, -ENOSYS, "%s cannot boot an entry once: use --boot", l->title);
	return rec->state == BOOT_TRYING ? l->once(&job, err) : l->keep(&job, err);
}

/* Leaves a journal that is whole, or nothing. */
static int write_or_undo(const struct boot_loader *l, const struct fs *fs, struct journal *j, const struct boot_record *rec,
			 struct err *err)
{
	struct err undo = { 0 }, why = { 0 };
	int r = write_all(l, fs, j, rec, &why);
	bool failed = false;

	if (r == 0)
		journal_leave(j);
	else
		failed = journal_close(j, &undo) < 0;
	boot_flush(fs);
	if (r == 0)
		return 0;
	if (failed)
		return err_set(err, r, "%.300s; and not all could be undone: %.160s", why.text, undo.text);
	return err_set(err, r, "%s; everything is as it was", why.text);
}

static int check_first(const struct boot_plan *p, struct err *err)
{
	struct boot_record rec;
	int r;

	if (!p->loader)
		return err_set(err, -ENOSYS, "%s; add to the kernel's parameters by hand: %.200s", p->reason, p->block);
	r = boot_record_read(&rec, err);
	if (r == 1)
		r = err_set(err, -EEXIST, "boot parameters of vlat's are set up already (%s, by run %s): vlat revert %s first",
			    rec.profile, rec.run, rec.run);
	boot_record_free(&rec);
	return r;
}

static bool profile_is_plain(const char *name)
{
	for (; *name; name++) {
		if (strchr("'\"\\${}\n", *name))
			return false;
	}
	return true;
}

int boot_apply(const struct boot_plan *p, const struct fs *fs, const char *profile, bool once, char ret_run[16], struct err *err)
{
	struct boot_record rec;
	struct journal *j = NULL;
	char why[128];
	int r;

	ret_run[0] = '\0';
	if (p->adds == 0)
		return 0;
	r = profile_is_plain(profile) ? check_first(p, err)
				      : err_set(err, -EINVAL, "\"%s\" cannot be the title of an entry", profile);
	if (r < 0)
		return r;
	text_print(why, sizeof(why), BOOT_WHY " of %s%s", profile, once ? ", once" : "");
	r = journal_open_lasting(&j, why, err);
	if (r < 0)
		return r;
	fill_record(p, fs, profile, once, j, &rec);
	text_print(ret_run, 16, "%s", rec.run);
	r = write_or_undo(p->loader, fs, j, &rec, err);
	boot_record_free(&rec);
	return r;
}

static int take_back(const char *run, struct err *err)
{
	struct revert_options o = { .run = run, .lasting = true };
	struct revert_report report = { 0 };
	int r = journal_revert(&o, &report, err);

	if (r == 0 && !revert_clean(&report))
		r = err_set(err, -EBUSY, "what run %s has set up for one boot cannot be taken back: vlat revert %s says why", run,
			    run);
	revert_report_free(&report);
	return r;
}

static int check_tried(const struct fs *fs, struct err *err)
{
	struct boot_report report;
	int r = boot_verify(fs, &report, err);

	if (r < 0)
		return r;
	if (report.state != BOOT_TRYING)
		r = err_set(err, -EINVAL, "no boot parameters are being tried");
	else if (!report.booted)
		r = err_set(err, -EINVAL, "this boot was not made with the parameters that run %s has set up for one boot",
			    report.run);
	else if (report.missing)
		r = err_set(err, -EINVAL, "%zu of the boot parameters tried did not take effect: they do not become the default",
			    report.missing);
	boot_report_free(&report);
	return r;
}

int boot_complete(const struct fs *fs, char ret_run[16], struct err *err)
{
	struct boot_record rec;
	const struct boot_loader *l;
	struct journal *j = NULL;
	int r = check_tried(fs, err);

	if (r < 0)
		return r;
	r = boot_record_read(&rec, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "the record of the boot parameters is gone");
	l = loader_named(rec.loader);
	r = l ? take_back(rec.run, err) : err_set(err, -EINVAL, "\"%s\" is no boot loader that vlat knows", rec.loader);
	if (r == 0)
		r = journal_open_lasting(&j, BOOT_WHY ", tried and found good", err);
	if (r == 0) {
		rec.state = BOOT_KEPT;
		boot_id_of(fs, rec.boot);
		text_print(rec.run, sizeof(rec.run), "%s", journal_run(j));
		text_print(ret_run, 16, "%s", rec.run);
		r = write_or_undo(l, fs, j, &rec, err);
	}
	boot_record_free(&rec);
	return r;
}

static int settle(const struct fs *fs, struct sink *out, struct err *err)
{
	struct boot_record rec;
	char why[256];
	const struct boot_loader *l;
	int r = boot_record_read(&rec, err);

	boot_record_free(&rec);
	if (r != 0)
		return r < 0 ? r : 0;
	l = loader_detect(fs, why, sizeof(why));
	r = l && l->settle ? l->settle(fs, err) : 0;
	if (r > 0 && out)
		sink_printf(out, "%s: vlat's words were in entries made since, too; they are gone from there.\n", l->title);
	return r;
}

int boot_settle(const struct fs *fs, struct sink *out, struct err *err)
{
	int r = settle(fs, out, err);

	boot_flush(fs); /* what the revert has written as well */
	return r;
}
