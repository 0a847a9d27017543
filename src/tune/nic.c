/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network cards.  What resets the card that carries the login or the default
 * route is never done on the strength of the plan alone: whoever applies it
 * has to say that somebody, or a clock, will put it back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "host/lifeline.h"
#include "journal/device.h"
#include "journal/nic.h"
#include "tune/internal.h"

static const char *address_of(const struct setting *s)
{
	const char *slash = strrchr(s->path, '/');

	return slash ? slash + 1 : s->path;
}

/* It may be called otherwise by now: a driver was loaded again, or udev has given it its name. */
static const char *name_of(const struct plan *p, struct setting *s)
{
	char name[32];

	if (device_netdev(&p->fs, address_of(s), name, sizeof(name)) && !text_eq(name, s->whose)) {
		free(s->whose);
		s->whose = xstrdup(name);
	}
	return s->whose;
}

void nic_know(const struct plan *p, struct step *s)
{
	char mac[18];

	for (size_t i = 0; p->fs.live && i < s->settings.n; i++) {
		struct setting *one = &s->settings.at[i];

		if (one->kind != SETTING_NIC || one->guard)
			continue;
		nic_made_with(name_of(p, one), mac);
		one->guard = xstrdup(mac);
	}
}

int nic_intent(const struct plan *p, const struct setting *s, struct err *err)
{
	return journal_nic(p->journal, &p->fs, address_of(s), s->guard ? s->guard : "", s->before, s->after, err);
}

/* For whoever reads the journal later: what the card has, where that is not what was wanted. */
static void note_left(const struct plan *p, const struct setting *s, const struct nic_words *left)
{
	struct err err = { 0 };

	if (journal_nic_left(p->journal, address_of(s), left, &err) < 0)
		log_debug("%s", err.text);
}

static void gone(struct setting *s)
{
	s->state = SETTING_ABSENT;
	text_print(s->reason, sizeof(s->reason), "went away meanwhile: unplugged, moved, or without its driver");
}

static void refused(struct setting *s, int code)
{
	s->state = SETTING_BLOCKED;
	if (code == -EOPNOTSUPP)
		text_print(s->reason, sizeof(s->reason), "its driver cannot change this: %s", strerror(-code));
	else
		text_print(s->reason, sizeof(s->reason), "its driver does not take \"%.60s\": %s", s->after, strerror(-code));
}

static void put_back(const struct plan *p, struct setting *s, const struct nic_words *before, const struct nic_words *made)
{
	char text[NIC_WORDS_MAX];
	struct nic_words now;
	int r = nic_words_write(s->whose, before);

	if (r == 0)
		r = nic_words_read(s->whose, before, &now);
	if (r == 0 && nic_words_same(&now, before))
		note_left(p, s, before);
	else
		r = r < 0 ? r : -EIO;
	s->state = SETTING_FAILED;
	text_print(s->reason, sizeof(s->reason), "the card made \"%.60s\" of it; %s%s", nic_words_text(made, text),
		   r < 0 ? "and it cannot be put back: " : "put back", r < 0 ? strerror(-r) : "");
}

/* What the card made something else of is put back at once, as a file's value is. */
static void compare(const struct plan *p, struct setting *s, const struct nic_words *before, const struct nic_words *after)
{
	struct nic_words got;
	int r = nic_words_read(s->whose, after, &got);

	if (r == -ENODEV) {
		gone(s);
	} else if (r < 0) {
		s->state = SETTING_FAILED;
		text_print(s->reason, sizeof(s->reason), "cannot be read back: %s", strerror(-r));
	} else if (nic_words_same(&got, after)) {
		s->state = SETTING_DONE;
	} else {
		note_left(p, s, &got);
		if (!nic_words_same(&got, before)) {
			put_back(p, s, before, &got);
			return;
		}
		s->state = SETTING_BLOCKED;
		text_print(s->reason, sizeof(s->reason), "the card took the value and kept its own");
	}
}

/* Between the look and the deed another card can have come into the slot, or have taken the name of one that went. */
static bool is_another(const struct setting *s)
{
	char mac[18];

	nic_made_with(s->whose, mac);
	return s->guard && !text_eq(s->guard, mac);
}

int nic_do(struct plan *p, struct setting *s, struct err *err)
{
	struct nic_words before, after, now;
	int r;

	if (nic_words_parse(s->before, &before) < 0 || nic_words_parse(s->after, &after) < 0)
		return err_set(err, -EINVAL, "%s: \"%s\" is nothing that a card has", s->target, s->after);
	r = nic_words_read(name_of(p, s), &after, &now);
	if (r == 0 && is_another(s)) {
		s->state = SETTING_ABSENT;
		text_print(s->reason, sizeof(s->reason), "another card has come into its place meanwhile");
		return 0;
	}
	if (r == 0)
		r = nic_words_write(s->whose, &after);
	if (r == -ENODEV) {
		gone(s);
	} else if (r < 0) {
		refused(s, r);
		note_left(p, s, &before);
	} else {
		compare(p, s, &before, &after);
	}
	return 0;
}

bool nic_holds(const struct plan *p, struct setting *s)
{
	char now[NIC_WORDS_MAX], mac[18];
	struct nic_words want, got;
	int r = nic_words_parse(s->after, &want);

	nic_made_with(name_of(p, s), mac);
	if (s->guard && !text_eq(s->guard, mac))
		return true;
	if (r == 0)
		r = nic_words_read(s->whose, &want, &got);
	if (r == -ENODEV || (r == 0 && nic_words_same(&got, &want))) /* a card that is gone was changed by nobody */
		return true;
	s->state = SETTING_CHANGED;
	if (r < 0)
		text_print(s->reason, sizeof(s->reason), "cannot be asked: %s", strerror(-r));
	else
		text_print(s->reason, sizeof(s->reason), "is %.60s now", nic_words_text(&got, now));
	return false;
}

static int check_step(const struct step *s, const struct lifelines *lines, struct err *err)
{
	for (size_t i = 0; i < s->settings.n; i++) {
		const struct setting *one = &s->settings.at[i];
		const struct lifeline *line =
			one->kind == SETTING_NIC && one->state == SETTING_TODO ? lifeline_of(lines, one->whose) : NULL;

		if (line)
			return err_set(err, -EBUSY,
				       "%s would reset the network card %s, but %s: say --confirm-within 60 (it is put back "
				       "unless vlat confirm comes in that time), or leave it out with --skip %s",
				       s->knob->id, one->target, line->why, s->knob->id);
	}
	return 0;
}

static bool would_reset(const struct step *s)
{
	for (size_t i = 0; i < s->settings.n; i++)
		if (s->settings.at[i].kind == SETTING_NIC && s->settings.at[i].state == SETTING_TODO)
			return true;
	return false;
}

int nic_spare(const struct plan *p, struct step *s, struct err *err)
{
	struct lifelines lines;
	int r;

	if (!would_reset(s) || !p->fs.live || p->may_reset)
		return 0;
	r = lifelines_read(&p->fs, &lines, err);
	if (r < 0)
		return err_in(err, "nobody can tell which network card carries the login");
	for (size_t i = 0; i < s->settings.n; i++) {
		struct setting *one = &s->settings.at[i];
		const struct lifeline *line =
			one->kind == SETTING_NIC && one->state == SETTING_TODO ? lifeline_of(&lines, one->whose) : NULL;

		if (!line)
			continue;
		one->state = SETTING_BLOCKED;
		text_print(one->reason, sizeof(one->reason), "%.150s: not reset under it", line->why);
		log_warn("%s stays as its driver made it: %s", one->target, one->reason);
	}
	lifelines_free(&lines);
	return 0;
}

int plan_check_lifelines(const struct plan *p, struct err *err)
{
	struct lifelines lines;
	bool any = false;
	int r;

	for (size_t i = 0; i < p->steps.n; i++)
		any |= would_reset(&p->steps.at[i]);
	if (!any || !p->fs.live || p->may_reset)
		return 0;
	r = lifelines_read(&p->fs, &lines, err);
	if (r < 0)
		return err_in(err, "nobody can tell which network card carries the login");
	for (size_t i = 0; r == 0 && i < p->steps.n; i++)
		r = check_step(&p->steps.at[i], &lines, err);
	lifelines_free(&lines);
	return r;
}

void plan_may_reset(struct plan *p)
{
	p->may_reset = true;
}
