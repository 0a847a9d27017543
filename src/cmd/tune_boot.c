/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tune_boot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "base/vec.h"

/* A profile of the user's own stands for the role that it inherits from; one that names none is a host of VMs. */
static enum role role_of(const struct profile *p)
{
	enum role role = ROLE_VM_HOST;

	if (p && !role_parse(p->name, &role) && p->inherits)
		role_parse(p->inherits, &role);
	return role;
}

struct id_list {
	char *text;
	VEC(const char *) at;
};

static void add_ids(struct id_list *l, const char *list)
{
	l->text = list ? xstrdup(list) : NULL;
	for (char *at = l->text; at;) {
		char *word = text_trim(strsep(&at, ","));

		if (*word)
			*vec_add(&l->at) = word;
	}
}

static void id_list_free(struct id_list *l)
{
	free(l->text);
	vec_free(&l->at);
}

int tune_boot_plan(const struct tuner *t, const char *extra, bool must, struct boot_plan *ret, struct err *err)
{
	struct boot_options o = { .role = role_of(t->profile),
				  .level = (unsigned) t->level,
				  .allow_insecure = t->wish->insecure,
				  .vm_memory_mb = t->wish->vm_memory_mb,
				  .extra = extra };
	struct id_list only = { 0 }, except = { 0 };
	struct boot_words words = { 0 };
	int r;

	add_ids(&only, t->wish->only);
	add_ids(&except, t->wish->skip);
	for (size_t i = 0; t->profile && i < t->profile->n_skip; i++)
		*vec_add(&except.at) = t->profile->skip[i];
	*vec_add(&only.at) = NULL;
	*vec_add(&except.at) = NULL;
	o.only = t->wish->only || !t->profile ? only.at.at : NULL; /* only a profile asks for kernel parameters */
	o.except = except.at.at;
	*ret = (struct boot_plan){ 0 };
	r = boot_wanted(&words, &t->fs, &t->facts, &t->split, &o, err);
	if (r == 0)
		r = boot_plan_make(ret, &t->fs, &t->facts, &words, err);
	id_list_free(&only);
	id_list_free(&except);
	if (r != -E2BIG || must)
		return r;
	log_warn("no kernel parameters in this plan: %s", err->text);
	return 0;
}

static void say_left_out(const struct boot_plan *p, struct sink *out)
{
	for (size_t i = 0; i < p->words.n; i++) {
		const struct boot_word *w = &p->words.at[i];

		if (w->state == BOOT_CONFLICT)
			sink_printf(out, "left out: %s: %s\n", w->text, w->reason);
	}
}

int tune_boot_apply(const struct tuner *t, const struct boot_plan *p, bool once, struct sink *out, struct err *err)
{
	char run[16];
	int r;

	say_left_out(p, out);
	if (p->adds == 0) {
		sink_put(out, "No kernel parameter is missing.\n");
		return 0;
	}
	r = boot_apply(p, &t->fs, t->profile->name, once, run, err);
	if (r < 0)
		return r;
	sink_printf(out, "Kernel parameters set for %s (run %s, %s): %s\n",
		    once ? "the next boot alone" : "every boot from the next on", run, boot_loader_title(p), p->block);
	if (once)
		sink_put(
			out,
			"Reboot, then run vlat verify: what took effect becomes the default; else the boot after that is the old "
			"one again.\n");
	sink_printf(out, "vlat verify tells after the reboot whether they took effect; vlat revert %s takes them out again.\n",
		    run);
	return 0;
}
