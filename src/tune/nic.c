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

void nic_know(const struct plan *p, struct step *s)
{
	char mac[18];

	for (size_t i = 0; p->fs.live && i < s->settings.n; i++) {
		struct setting *one = &s->settings.at[i];

		if (one->kind != SETTING_NIC || one->guard)
			continue;
		nic_made_with(one->whose, mac);
		one->guard = xstrdup(mac);
	}
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

int nic_intent(const struct plan *p, const struct setting *s, struct err *err)
{
	return journal_nic(p->journal, &p->fs, address_of(s), s->whose, s->before, s->after, err);
}

static void refuse(struct setting *s, enum setting_state state, const char *what, int code)
{
	s->state = state;
	text_print(s->reason, sizeof(s->reason), "%s: %s", what, strerror(-code));
}

/* What the card made something else of is put back at once, as a file's value is. */
static void compare(struct setting *s, const struct nic_words *before, const struct nic_words *after)
{
	char now[NIC_WORDS_MAX];
	struct nic_words got;
	int r = nic_words_read(s->whose, after, &got);

	if (r < 0) {
		refuse(s, SETTING_FAILED, "cannot be read back", r);
	} else if (nic_words_same(&got, after)) {
		s->state = SETTING_DONE;
	} else if (nic_words_same(&got, before)) {
		s->state = SETTING_BLOCKED;
		text_print(s->reason, sizeof(s->reason), "the card took the value and kept its own");
	} else {
		r = nic_words_write(s->whose, before);
		s->state = SETTING_FAILED;
		text_print(s->reason, sizeof(s->reason), "the card made \"%.60s\" of it; %s", nic_words_text(&got, now),
			   r < 0 ? "and it cannot be put back" : "put back");
	}
}

int nic_do(struct plan *p, struct setting *s, struct err *err)
{
	struct nic_words before, after;
	int r;

	if (nic_words_parse(s->before, &before) < 0 || nic_words_parse(s->after, &after) < 0)
		return err_set(err, -EINVAL, "%s: \"%s\" is nothing that a card has", s->target, s->after);
	r = nic_words_write(name_of(p, s), &after);
	if (r < 0)
		refuse(s, SETTING_BLOCKED, "the driver refused it", r);
	else
		compare(s, &before, &after);
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
