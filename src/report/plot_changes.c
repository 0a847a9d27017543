/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interval plot: the change of each statistic as a ratio on a log axis, so
 * that halving and doubling are equally far from "no change", with the interval
 * as whiskers.  A bound that is open or beyond the axis is an arrow at its edge;
 * without any bound (too few blocks) there is only the mark.  The grey band is what two identical arms differ by.
 */
#include <math.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "report/plot.h"
#include "report/svg.h"

enum { SIDE = 10, ROW = 42, HEAD = 24, AXIS = 30 };

/* Labelled ratios in order of worth: one that would crowd a worthier one is left out. */
static const struct {
	double ratio;
	const char *label;
} ratio_ticks[] = {
	{ 1, "0" },
	{ 0.1, "\xe2\x88\x92"
	       "90\xc2\xa0%" },
	{ 10, "+900\xc2\xa0%" },
	{ 0.01, "\xe2\x88\x92"
		"99\xc2\xa0%" },
	{ 100, "+9900\xc2\xa0%" },
	{ 0.001, "\xe2\x88\x92"
		 "99.9\xc2\xa0%" },
	{ 0.5, "\xe2\x88\x92"
	       "50\xc2\xa0%" },
	{ 2, "+100\xc2\xa0%" },
	{ 0.75, "\xe2\x88\x92"
		"25\xc2\xa0%" },
	{ 1.5, "+50\xc2\xa0%" },
	{ 1.25, "+25\xc2\xa0%" },
	{ 0.9, "\xe2\x88\x92"
	       "10\xc2\xa0%" },
	{ 1.1, "+10\xc2\xa0%" },
};

static void put_axis(struct sink *out, const struct scale *x, double bottom)
{
	double taken[ARRAY_SIZE(ratio_ticks)];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ratio_ticks); i++) {
		double at = scale_at(x, ratio_ticks[i].ratio);
		bool free = scale_holds(x, ratio_ticks[i].ratio);

		for (size_t k = 0; k < n; k++)
			free = free && fabs(at - taken[k]) >= 46;
		if (!free)
			continue;
		taken[n++] = at;
		svg_line(out, i == 0 ? "zr" : "gr", at, 0, at, bottom);
		svg_text(out, "ax", at, bottom + 16,
			 at < 2 * SIDE                ? "start"
			 : at > PLOT_WIDTH - 2 * SIDE ? "end"
						      : "middle",
			 ratio_ticks[i].label);
	}
	svg_line(out, "bs", SIDE, bottom, PLOT_WIDTH - SIDE, bottom);
}

static const struct {
	const char *classes;
	enum marker mark;
} looks[] = {
	[VERDICT_BETTER] = { "vb", MARK_DISC },
	[VERDICT_WORSE] = { "vw", MARK_DIAMOND },
	[VERDICT_NO_DIFFERENCE] = { "vn", MARK_SQUARE },
	[VERDICT_CANNOT_TELL] = { "vc", MARK_DISC },
};

/* The end of a whisker: a small bar where it is known, an arrow head where it is open or beyond the axis. */
static void put_end(struct sink *out, const struct scale *x, double bound, double y, int side)
{
	double at = scale_at(x, bound), tip = side < 0 ? x->from : x->to;

	if (isfinite(bound) && scale_holds(x, bound)) {
		svg_line(out, "wh", at, y - 4, at, y + 4);
		return;
	}
	svg_polyline(out, "wh", (struct point[]){ { tip - side * 5, y - 4 }, { tip, y }, { tip - side * 5, y + 4 } }, 3);
}

static void put_whisker(struct sink *out, const struct plot_change *c, const struct scale *x, double y)
{
	double lo = c->ratio.lo > 0 ? c->ratio.lo : -INFINITY, hi = c->ratio.hi;

	if (isfinite(lo) || isfinite(hi)) {
		svg_line(out, "wh", scale_at(x, lo), y, scale_at(x, hi), y);
		put_end(out, x, lo, y, -1);
		put_end(out, x, hi, y, 1);
	}
	svg_mark(out, "pt", looks[c->verdict].mark, scale_at(x, c->ratio.est), y, 5, NULL);
}

static void put_row(struct sink *out, const struct plot_change *c, const struct scale *x, double top)
{
	double y = top + 27;

	if (isfinite(c->floor) && c->floor > 1) {
		double lo = scale_at(x, 1 / c->floor), hi = scale_at(x, c->floor);

		svg_rect(out, "fl", lo, top + 17, hi - lo, 20);
	}
	svg_text(out, "rl", SIDE, top + 11, "start", c->label);
	svg_text(out, "rv", PLOT_WIDTH - SIDE, top + 11, "end", c->value);
	svg_group(out, looks[c->verdict].classes);
	if (isfinite(c->ratio.est) && c->ratio.est > 0)
		put_whisker(out, c, x, y);
	svg_group_end(out);
	if (isfinite(c->published) && c->published > 0)
		svg_mark(out, "pb", MARK_DOWN, scale_at(x, c->published), y - 9, 3.5, NULL);
}

static double height_of(const struct plot_change *c)
{
	return ROW + (c->heading ? HEAD : 0);
}

void plot_changes(struct sink *out, const struct plot_changes *p)
{
	struct scale x = { .lo = p->lo, .hi = p->hi, .from = SIDE, .to = PLOT_WIDTH - SIDE, .log = true };
	double bottom = 0, top = 0;

	if (!(x.lo > 0 && x.hi > x.lo && isfinite(x.hi)))
		x.lo = 0.1, x.hi = 10;
	for (size_t i = 0; i < p->n; i++)
		bottom += height_of(&p->at[i]);
	svg_open(out, p->text.id, PLOT_WIDTH, bottom + AXIS, p->text.title, p->text.desc);
	put_axis(out, &x, bottom);
	for (size_t i = 0; i < p->n; i++) {
		const struct plot_change *c = &p->at[i];

		if (c->heading)
			svg_text(out, "hd", SIDE, top + 15, "start", c->heading);
		put_row(out, c, &x, top + (c->heading ? HEAD : 0));
		top += height_of(c);
	}
	svg_close(out);
}
