/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "report/plot.h"
#include "report/svg.h"

enum { LEFT = 56, RIGHT = 8, PLOT_HEIGHT = 190, BOTTOM = 34 };

static const struct {
	double nines;
	const char *label;
} quantile_ticks[] = {
	{ 0.30103, "50 %" }, { 1, "90 %" },     { 2, "99 %" },      { 3, "99.9 %" },
	{ 4, "99.99 %" },    { 5, "99.999 %" }, { 6, "99.9999 %" },
};

const char *plot_arm_class(unsigned arm)
{
	static const char *const classes[PLOT_ARMS] = { "a0", "a1", "a2", "a3", "a4", "a5" };

	return classes[arm % PLOT_ARMS];
}

static void put_axes(struct sink *out, const struct scale *x, const struct scale *y)
{
	double ticks[12], taken = 0;
	size_t n = scale_ticks(y, ticks, ARRAY_SIZE(ticks));

	for (size_t i = 0; i < n; i++) {
		double at = scale_at(y, ticks[i]);

		svg_line(out, "gr", LEFT, at, PLOT_WIDTH - RIGHT, at);
		svg_text(out, "ax", LEFT - 6, at + 4, "end", format_axis(ticks[i], UNIT_NS).text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(quantile_ticks); i++) {
		double at = scale_at(x, quantile_ticks[i].nines), half = 3.2 * (double) strlen(quantile_ticks[i].label);
		bool last = at + half > PLOT_WIDTH;

		if (!scale_holds(x, quantile_ticks[i].nines))
			continue;
		svg_line(out, "tk", at, y->from, at, y->from + 4);
		if ((last ? PLOT_WIDTH - 2 * half : at - half) < taken)
			continue;
		svg_text(out, "ax", last ? PLOT_WIDTH : at, y->from + 16, last ? "end" : "middle", quantile_ticks[i].label);
		taken = at + half + 4;
	}
	svg_line(out, "bs", LEFT, y->from, PLOT_WIDTH - RIGHT, y->from);
	svg_text(out, "ax", (LEFT + PLOT_WIDTH - RIGHT) / 2.0, y->from + 30, "middle", "share of samples this fast or faster");
}

/* The names above the curves, each with a piece of its line, as many lines as they need; the last line's y. out NULL: measure. */
static double legend(struct sink *out, const struct plot_curve *c, size_t n)
{
	double x = LEFT, y = 12;

	for (size_t i = 0; i < n; i++) {
		struct formatted name = format_cut(c[i].name, 36);
		double width = 34 + 6.6 * (double) strlen(name.text);

		if (x > LEFT && x + width > PLOT_WIDTH) {
			x = LEFT;
			y += 16;
		}
		if (out) {
			svg_group(out, plot_arm_class(c[i].arm));
			svg_line(out, "cv", x, y - 4, x + 20, y - 4);
			svg_group_end(out);
			svg_text(out, "lg", x + 26, y, "start", name.text);
		}
		x += width + 8;
	}
	return y;
}

static bool drawable(const struct plot_curve *c, size_t i)
{
	return isfinite(c->nines[i]) && isfinite(c->mid[i]) && c->mid[i] > 0;
}

static void put_band(struct sink *out, const struct plot_curve *c, const struct scale *x, const struct scale *y)
{
	AUTO_FREE struct point *p = xalloc(2 * c->n + 1, sizeof(*p));
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		if (drawable(c, i))
			p[n++] = (struct point){ scale_at(x, c->nines[i]), scale_at(y, c->hi[i]) };
	for (size_t i = c->n; i-- > 0;)
		if (drawable(c, i))
			p[n++] = (struct point){ scale_at(x, c->nines[i]), scale_at(y, c->lo[i]) };
	svg_polygon(out, "bd", p, n);
}

static void put_curve(struct sink *out, const struct plot_curve *c, const struct scale *x, const struct scale *y)
{
	AUTO_FREE struct point *p = xalloc(c->n + 1, sizeof(*p));
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		if (drawable(c, i))
			p[n++] = (struct point){ scale_at(x, c->nines[i]), scale_at(y, c->mid[i]) };
	svg_polyline(out, "cv", p, n);
}

void plot_curves(struct sink *out, const struct plot_curves *p)
{
	double top = legend(NULL, p->at, p->n) + 16, bottom = top + PLOT_HEIGHT;
	bool usable = p->nines_hi >= 0.5 && p->nines_hi <= 9;
	struct scale x = { .lo = 0, .hi = usable ? p->nines_hi : 4, .from = LEFT, .to = PLOT_WIDTH - RIGHT };
	struct scale y = scale_log(p->ns_lo, p->ns_hi, bottom, top);

	svg_open(out, p->text.id, PLOT_WIDTH, bottom + BOTTOM, p->text.title, p->text.desc);
	put_axes(out, &x, &y);
	for (size_t i = 0; i < 2 * p->n; i++) { /* all bands lie below all curves */
		const struct plot_curve *c = &p->at[i % p->n];

		svg_group(out, plot_arm_class(c->arm));
		if (i < p->n)
			put_band(out, c, &x, &y);
		else
			put_curve(out, c, &x, &y);
		svg_group_end(out);
	}
	legend(out, p->at, p->n);
	svg_close(out);
}
