/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network cards.  What resets the card that carries the login or the default
 * route is never done on the strength of the plan alone: whoever applies it
 * has to say that somebody, or a clock, will put it back.
 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "host/lifeline.h"
#include "journal/nic.h"
#include "tune/internal.h"

static const char *address_of(const struct setting *s)
{
	const char *slash = strrchr(s->path, '/');

	return slash ? slash + 1 : s->path;
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

	(void) p;
	if (nic_words_parse(s->before, &before) < 0 || nic_words_parse(s->after, &after) < 0)
		return err_set(err, -EINVAL, "%s: \"%s\" is nothing that a card has", s->target, s->after);
	r = nic_words_write(s->whose, &after);
	if (r < 0)
		refuse(s, SETTING_BLOCKED, "the driver refused it", r);
	else
		compare(s, &before, &after);
	return 0;
}

bool nic_holds(struct setting *s)
{
	char now[NIC_WORDS_MAX];
	struct nic_words want, got;
	int r = nic_words_parse(s->after, &want);

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
		const struct lifeline *line = one->kind == SETTING_NIC && one->state == SETTING_TODO
						      ? lifeline_of(lines, one->whose)
						      : NULL;

		if (line)
			return err_set(err, -EBUSY,
				       "%s would reset the network card %s, but %s: say --confirm-within 60 (it is put back "
				       "unless vlat confirm comes in that time), or leave it out with --skip %s",
				       s->knob->id, one->target, line->why, s->knob->id);
	}
	return 0;
}

int plan_check_lifelines(const struct plan *p, struct err *err)
{
	struct lifelines lines;
	bool any = false;
	int r;

	for (size_t i = 0; i < p->steps.n; i++)
		for (size_t k = 0; k < p->steps.at[i].settings.n; k++)
			any |= p->steps.at[i].settings.at[k].kind == SETTING_NIC &&
			       p->steps.at[i].settings.at[k].state == SETTING_TODO;
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
