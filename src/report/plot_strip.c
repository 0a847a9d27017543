/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strip of every run: nothing is averaged away.  One row an arm, one dot a
 * run; within a row the first block is at the top and the last at the bottom,
 * so a drift over the study shows as a slope.
 */
#include <math.h>

#include "base/cleanup.h"
#include "report/plot.h"
#include "report/svg.h"

enum { SIDE = 14, ROW = 62, DOTS_TOP = 20, DOTS_HEIGHT = 36, AXIS = 24 };

void plot_log_axis(struct sink *out, const struct scale *x, double top, double bottom, enum unit unit)
{
	double ticks[5];
	size_t n = scale_ticks(x, ticks, ARRAY_SIZE(ticks));

	for (size_t i = 0; i < n; i++) {
		double at = scale_at(x, ticks[i]);

		svg_line(out, "gr", at, top, at, bottom);
		svg_text(out, "ax", at, bottom + 16,
			 at < 2 * SIDE                ? "start"
			 : at > PLOT_WIDTH - 2 * SIDE ? "end"
						      : "middle",
			 format_axis(ticks[i], unit).text);
	}
	svg_line(out, "bs", SIDE, bottom, PLOT_WIDTH - SIDE, bottom);
}

static void put_dots(struct sink *out, const struct plot_row *row, const struct scale *x, double top, unsigned blocks)
{
	static const enum marker marks[PLOT_ARMS] = {
		MARK_DISC, MARK_SQUARE, MARK_DIAMOND, MARK_TRIANGLE, MARK_DISC, MARK_SQUARE
	};
	double step = blocks > 1 ? (double) DOTS_HEIGHT / (blocks - 1) : 0;

	for (size_t i = 0; i < row->n; i++) {
		const struct plot_dot *d = &row->at[i];
		double y = top + DOTS_TOP + (blocks > 1 ? step * (d->block > 0 ? d->block - 1 : 0) : DOTS_HEIGHT / 2.0);

		if (d->block > blocks)
			continue;
		if (!isfinite(d->value) || d->value <= 0)
			svg_mark(out, "xx", MARK_CROSS, SIDE, y, 3.5, d->note);
		else
			svg_mark(out, d->disturbed ? "ds" : "dt", marks[row->arm % PLOT_ARMS], scale_at(x, d->value), y, 3.5,
				 d->note);
	}
}

void plot_strip(struct sink *out, const struct plot_strip *p)
{
	struct scale x = scale_log(p->lo, p->hi, SIDE, PLOT_WIDTH - SIDE);
	double bottom = (double) p->n * ROW + 4;

	svg_open(out, p->text.id, PLOT_WIDTH, bottom + AXIS, p->text.title, p->text.desc);
	plot_log_axis(out, &x, 0, bottom, p->unit);
	for (size_t i = 0; i < p->n; i++) {
		const struct plot_row *row = &p->at[i];
		double top = (double) i * ROW;

		svg_text(out, "rl", SIDE, top + 12, "start", format_cut(row->name, 44).text);
		svg_group(out, plot_arm_class(row->arm));
		if (isfinite(row->median) && row->median > 0)
			svg_line(out, "md", scale_at(&x, row->median), top + DOTS_TOP - 4, scale_at(&x, row->median),
				 top + DOTS_TOP + DOTS_HEIGHT + 4);
		put_dots(out, row, &x, top, p->blocks);
		svg_group_end(out);
	}
	svg_close(out);
}
