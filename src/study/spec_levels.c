/* SPDX-License-Identifier: Apache-2.0 */
/* The levels of a study that have a name of their own: tunings and background loads. */
#include <errno.h>

#include "base/text.h"
#include "study/interference.h"
#include "study/spec_parts.h"

/* A variant must not pass for what it varies, nor somebody else's commands for what is built in. */
static int check_tuning(const struct yaml_tuning *y, unsigned which, const struct reader *rd, struct err *err)
{
	bool commands = y->apply_count > 0 || y->revert_count > 0;
	bool varied = y->only_count > 0 || y->except_count > 0 || y->allow_insecure;
	bool stock = text_eq(y->name, "stock"), built_in = stock || text_eq(y->name, "vlat");

	if (commands && varied)
		err_set(err, -EINVAL,
			"the tuning '%.64s' has commands of its own, so only, except and allow-insecure mean nothing there",
			y->name);
	else if ((built_in && commands) || (stock && varied))
		err_set(err, -EINVAL,
			"the tuning '%.64s' is built in as it is; give a level that does something else another name", y->name);
	else if (!built_in && !varied && (y->apply_count == 0 || y->revert_count == 0))
		err_set(err, -EINVAL, "the tuning '%.64s' is not built in and needs both apply: [...] and revert: [...]",
			y->name);
	else
		return 0;
	return at_value(rd, err, "tunings[%u].name", which);
}

/* Two names are built in; any other level is a variant of `vlat`, or somebody's tuner. */
static int read_tuning(struct tuning_level *t, unsigned which, const struct reader *rd, struct err *err)
{
	const struct yaml_tuning *y = &rd->y->tunings[which];
	int r = check_tuning(y, which, rd, err);

	if (r < 0)
		return r;
	t->name = y->name;
	if (y->apply_count > 0) {
		t->kind = TUNING_COMMANDS;
		t->apply = list_words(rd->owner, y->apply, y->apply_count);
		t->revert = list_words(rd->owner, y->revert, y->revert_count);
	} else if (!text_eq(y->name, "stock")) {
		t->kind = TUNING_VLAT;
		t->options.allow_insecure = y->allow_insecure;
		t->options.only = y->only_count ? list_words(rd->owner, y->only, y->only_count) : NULL;
		t->options.except = y->except_count ? list_words(rd->owner, y->except, y->except_count) : NULL;
	} else {
		t->kind = TUNING_STOCK;
	}
	return 0;
}

int read_tunings(struct study_spec *s, const struct reader *rd, struct err *err)
{
	const struct yaml_study *y = rd->y;
	const char **names = list_add(rd->owner, y->tunings_count, sizeof(*names));

	s->tunings = list_add(rd->owner, y->tunings_count, sizeof(*s->tunings));
	for (; s->n_tunings < y->tunings_count; s->n_tunings++) {
		const struct yaml_tuning *t = &y->tunings[s->n_tunings];

		if (check_name(rd, "tuning", "tunings", t->name, names, s->n_tunings, err) < 0)
			return err->code;
		names[s->n_tunings] = t->name;
		if (read_tuning(&s->tunings[s->n_tunings], s->n_tunings, rd, err) < 0)
			return err->code;
	}
	return 0;
}

static int read_load(struct spec_interference *to, unsigned which, const struct reader *rd, struct err *err)
{
	const struct yaml_load *l = &rd->y->interference[which];

	to->name = l->name;
	if (l->command_count > 0 && text_eq(l->name, "idle")) {
		err_set(err, -EINVAL, "the interference 'idle' is no load; give one that runs a command another name");
		return at_value(rd, err, "interference[%u].name", which);
	}
	if (l->command_count > 0)
		to->argv = list_words(rd->owner, l->command, l->command_count);
	else if (text_eq(l->name, "busy"))
		to->argv = interference_busy;
	else if (!text_eq(l->name, "idle")) {
		err_set(err, -EINVAL, "the interference '%.64s' needs command: [...]; only idle and busy are built in", l->name);
		return at_value(rd, err, "interference[%u].name", which);
	}
	return 0;
}

int read_loads(struct study_spec *s, const struct reader *rd, struct err *err)
{
	const struct yaml_study *y = rd->y;
	const char **names = list_add(rd->owner, y->interference_count, sizeof(*names));

	s->loads = list_add(rd->owner, y->interference_count, sizeof(*s->loads));
	for (; s->n_loads < y->interference_count; s->n_loads++) {
		const struct yaml_load *l = &y->interference[s->n_loads];

		if (check_name(rd, "interference", "interference", l->name, names, s->n_loads, err) < 0)
			return err->code;
		names[s->n_loads] = l->name;
		if (read_load(&s->loads[s->n_loads], s->n_loads, rd, err) < 0)
			return err->code;
	}
	return 0;
}
