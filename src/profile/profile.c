/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/profile.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "base/vec.h"
#include "profile/cpu_expr.h"
#include "profile/internal.h"

const char *const level_names[LEVEL_COUNT + 1] = { "safe", "standard", "extreme", NULL };

struct profile *profile_new(void)
{
	struct profile *p = xalloc(1, sizeof(*p));

	p->level = LEVEL_STANDARD;
	p->skip = xalloc(1, sizeof(*p->skip));
	p->insecure = xalloc(1, sizeof(*p->insecure));
	return p;
}

static void free_words(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

void profile_free(struct profile *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_knobs; i++)
		free(p->knobs[i].id);
	free(p->knobs);
	for (size_t i = 0; i < p->n_own; i++)
		free(p->own[i].value);
	free(p->own);
	free_words(p->skip);
	free_words(p->insecure);
	free(p->name);
	free(p->title);
	free(p->inherits);
	free(p->isolated);
	free(p);
}

static bool has_word(char *const *list, const char *id)
{
	for (size_t i = 0; list[i]; i++)
		if (text_eq(list[i], id))
			return true;
	return false;
}

void profile_add_word(char ***list, size_t *n, char *id)
{
	char **longer;

	if (has_word(*list, id)) {
		free(id);
		return;
	}
	longer = xalloc(*n + 2, sizeof(*longer));
	for (size_t i = 0; i < *n; i++)
		longer[i] = (*list)[i];
	longer[(*n)++] = id;
	free(*list);
	*list = longer;
}

static struct profile_knob *find_knob(const struct profile *p, const char *id)
{
	for (size_t i = 0; i < p->n_knobs; i++)
		if (text_eq(p->knobs[i].id, id))
			return &p->knobs[i];
	return NULL;
}

void profile_add_knob(struct profile *p, char *id, enum level level)
{
	struct profile_knob *k = find_knob(p, id), *longer;

	if (k) {
		k->level = level;
		free(id);
		return;
	}
	longer = xalloc(p->n_knobs + 1, sizeof(*longer));
	for (size_t i = 0; i < p->n_knobs; i++)
		longer[i] = p->knobs[i];
	longer[p->n_knobs++] = (struct profile_knob){ .id = id, .level = level };
	free(p->knobs);
	p->knobs = longer;
}

void profile_add_own(struct profile *p, const struct knob_own *own, bool keep)
{
	struct knob_own *longer;

	for (size_t i = 0; i < p->n_own; i++) {
		if (p->own[i].file != own->file)
			continue;
		free(keep ? own->value : p->own[i].value);
		if (!keep)
			p->own[i].value = own->value;
		return;
	}
	longer = xalloc(p->n_own + 1, sizeof(*longer));
	for (size_t i = 0; i < p->n_own; i++)
		longer[i] = p->own[i];
	longer[p->n_own++] = *own;
	free(p->own);
	p->own = longer;
}

void profile_inherit(struct profile *to, const struct profile *from)
{
	if (!to->title && from->title)
		to->title = xstrdup(from->title);
	if (!to->isolated && from->isolated)
		to->isolated = xstrdup(from->isolated);
	if (!to->has_level)
		to->level = from->level;
	to->has_level = to->has_level || from->has_level;
	for (size_t i = 0; i < from->n_knobs; i++)
		if (!find_knob(to, from->knobs[i].id))
			profile_add_knob(to, xstrdup(from->knobs[i].id), from->knobs[i].level);
	for (size_t i = 0; i < from->n_own; i++) {
		struct knob_own own = from->own[i];

		own.value = xstrdup(own.value);
		profile_add_own(to, &own, true);
	}
	for (size_t i = 0; i < from->n_skip; i++)
		profile_add_word(&to->skip, &to->n_skip, xstrdup(from->skip[i]));
	for (size_t i = 0; i < from->n_insecure; i++)
		profile_add_word(&to->insecure, &to->n_insecure, xstrdup(from->insecure[i]));
}

enum level profile_level_of(const struct profile *p, const char *id)
{
	const struct profile_knob *k = find_knob(p, id);

	if (has_word(p->skip, id))
		return LEVEL_COUNT;
	return k ? k->level : LEVEL_STANDARD;
}

int profile_split(const struct profile *p, const struct cpu_facts *cpus, struct cpu_split *ret, struct err *err)
{
	struct cpuset isolated;
	int r;

	if (!p->isolated) {
		split_propose(cpus, ret);
		return 0;
	}
	r = cpu_expr(p->isolated, cpus, &isolated, err);
	if (r == 0 && cpuset_empty(&isolated))
		r = err_set(
			err, -EINVAL,
			"isolated: \"%.80s\" leaves no CPU for latency work on this machine; name CPUs (--cpus), or have vlat "
			"choose (no 'isolated' in the profile)",
			p->isolated);
	if (r == 0)
		r = split_from_isolated(cpus, &isolated, ret, err);
	if (r == 0)
		text_print(ret->why, sizeof(ret->why), "as profile %.100s says", p->name);
	return r < 0 ? err_in(err, "profile %s", p->name) : 0;
}
