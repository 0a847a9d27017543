/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tune_look.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "capture/capture.h"
#include "tune/confine.h"

int tune_look_make(struct tune_look *l, const struct tune_wish *wish, const char *root, const char *boot_add, bool must,
		   struct err *err)
{
	bool copy = !text_eq(root, "/");
	struct fs fs;
	int r = copy ? capture_open(&fs, root, err) : 0;

	if (r == 0)
		r = tuner_make(&l->t, wish, copy ? &fs : NULL, err);
	if (r == 0)
		r = tune_boot_plan(&l->t, boot_add, must, &l->boot, err);
	return r < 0 ? r : way_look(&l->t, &l->way, err);
}

void tune_look_free(struct tune_look *l)
{
	boot_plan_free(&l->boot);
	way_free(&l->way);
	tuner_free(&l->t);
}

void tune_look_head(const struct tune_look *l, struct sink *out)
{
	const struct profile *p = l->t.profile;

	if (p)
		sink_printf(out, "profile %s (%s), level %s\n\n", p->name, p->title ? p->title : "no title",
			    level_names[l->t.level]);
	else
		sink_put(out, "no profile: all knobs, as a study's tuning level 'vlat' and vlat run set them\n\n");
}

void tune_look_text(const struct tune_look *l, const char *then, struct sink *out)
{
	tune_look_head(l, out);
	plan_text(l->t.plan, out);
	boot_plan_text(&l->boot, out);
	way_text(&l->way, out);
	sink_printf(out, "\n%s\n", plan_changes(l->t.plan) ? then : "This host is tuned so already.");
}

int tune_look_json(const struct tune_look *l, struct sink *out, struct err *err)
{
	const struct profile *p = l->t.profile;
	char iso[4096], house[4096];
	json_t *o =
		json_pack("{s:i, s:s?, s:s?, s:s, s:s, s:o, s:o, s:o, s:s?}", "format", 1, "profile", p ? p->name : NULL, "level",
			  p ? level_names[l->t.level] : NULL, "isolated", cpuset_list(&l->t.split.isolated, iso, sizeof(iso)),
			  "housekeeping", cpuset_list(&l->t.split.housekeeping, house, sizeof(house)), "steps",
			  plan_json(l->t.plan), "boot", boot_plan_json(&l->boot), "in-the-way", way_json(&l->way), "unconfined",
			  l->t.fs.live ? plan_unconfined() : NULL);
	char *text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;

	json_decref(o);
	if (!text)
		return err_set(err, -EILSEQ, "the plan holds bytes that are no UTF-8 text: run without --json");
	sink_printf(out, "%s\n", text);
	free(text);
	return 0;
}
