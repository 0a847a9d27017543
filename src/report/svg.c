/* SPDX-License-Identifier: Apache-2.0 */
#include "report/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static double clamp(double v, double lo, double hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

double scale_at(const struct scale *s, double value)
{
	double v = isnan(value) ? s->lo : clamp(value, s->lo, s->hi);
	double share = s->log ? log(v / s->lo) / log(s->hi / s->lo) : (v - s->lo) / (s->hi - s->lo);

	return s->from + share * (s->to - s->from);
}

bool scale_holds(const struct scale *s, double value)
{
	return value >= s->lo && value <= s->hi;
}

/* The round number 1, 2 or 5 x 10^n next to v: the largest not above it, or the smallest not below it. */
static double round_number(double v, bool up)
{
	static const double steps[] = { 1, 2, 5, 10 };
	double decade = pow(10, floor(log10(v))), best = decade;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		double step = steps[i] * decade;

		/* 1 % of slack: a maximum of 10.05 ms needs no axis up to 20 ms */
		if (up && step >= v * 0.99)
			return step;
		if (!up && step <= v * 1.01)
			best = step;
	}
	return up ? 10 * decade : best;
}

struct scale scale_log(double lo, double hi, double from, double to)
{
	struct scale s = { .from = from, .to = to, .log = true };

	if (!(lo > 1e-12 && lo < 1e18))
		lo = 1;
	if (!(hi >= lo && hi < 1e19))
		hi = lo;
	s.lo = round_number(lo, false);
	s.hi = round_number(hi, true);
	if (s.hi < s.lo * 2)
		s.hi = s.lo * 10;
	return s;
}

size_t scale_ticks(const struct scale *s, double *ret, size_t max)
{
	static const double thin[] = { 1 }, middle[] = { 1, 3 }, dense[] = { 1, 2, 5 };
	double decades = log10(s->hi / s->lo);
	const double *steps = decades > 2.5 ? thin : decades > 1.6 ? middle : dense;
	size_t n_steps = decades > 2.5 ? 1 : decades > 1.6 ? 2 : 3, n = 0;
	int every = 1 + (int) (decades / (double) (max ? max : 1));

	for (int e = (int) floor(log10(s->lo) + 1e-9); e <= (int) ceil(log10(s->hi)) && n < max; e++) {
		if (every > 1 && e % every != 0)
			continue;
		for (size_t i = 0; i < n_steps && n < max; i++) {
			double v = steps[i] * pow(10, e);

			if (v >= s->lo * 0.999 && v <= s->hi * 1.001)
				ret[n++] = v;
		}
	}
	return n;
}

/* One decimal, no ".0", no "-0". */
static void put_number(struct sink *out, double v)
{
	char buf[48];
	size_t n;

	if (!isfinite(v) || fabs(v) > 1e6)
		v = 0;
	snprintf(buf, sizeof(buf), "%.1f", v);
	n = strlen(buf);
	if (n > 2 && buf[n - 1] == '0')
		buf[n - 2] = '\0';
	sink_put(out, strcmp(buf, "-0") == 0 ? "0" : buf);
}

static void put_attr(struct sink *out, const char *name, double v)
{
	sink_printf(out, " %s=\"", name);
	put_number(out, v);
	sink_char(out, '"');
}

static void put_class(struct sink *out, const char *classes)
{
	sink_printf(out, " class=\"%s\"", classes);
}

void svg_open(struct sink *out, const char *id, double width, double height, const char *title, const char *desc)
{
	sink_printf(out, "<svg id=\"%s\" role=\"img\" aria-labelledby=\"%s-t %s-d\" viewBox=\"0 0 ", id, id, id);
	put_number(out, width);
	sink_char(out, ' ');
	put_number(out, height);
	sink_printf(out, "\" xmlns=\"http://www.w3.org/2000/svg\">\n<title id=\"%s-t\">", id);
	sink_xml(out, title);
	sink_printf(out, "</title>\n<desc id=\"%s-d\">", id);
	sink_xml(out, desc);
	sink_put(out, "</desc>\n");
}

void svg_close(struct sink *out)
{
	sink_put(out, "</svg>\n");
}

void svg_group(struct sink *out, const char *classes)
{
	sink_put(out, "<g");
	put_class(out, classes);
	sink_put(out, ">\n");
}

void svg_group_end(struct sink *out)
{
	sink_put(out, "</g>\n");
}

void svg_line(struct sink *out, const char *classes, double x1, double y1, double x2, double y2)
{
	sink_put(out, "<line");
	put_class(out, classes);
	put_attr(out, "x1", x1);
	put_attr(out, "y1", y1);
	put_attr(out, "x2", x2);
	put_attr(out, "y2", y2);
	sink_put(out, "/>\n");
}

void svg_rect(struct sink *out, const char *classes, double x, double y, double w, double h)
{
	sink_put(out, "<rect");
	put_class(out, classes);
	put_attr(out, "x", x);
	put_attr(out, "y", y);
	put_attr(out, "width", w > 0 ? w : 0);
	put_attr(out, "height", h > 0 ? h : 0);
	sink_put(out, "/>\n");
}

static void put_path(struct sink *out, const char *classes, const struct point *p, size_t n, const char *end)
{
	if (n == 0)
		return;
	sink_put(out, "<path");
	put_class(out, classes);
	sink_put(out, " d=\"");
	for (size_t i = 0; i < n; i++) {
		sink_char(out, i == 0 ? 'M' : 'L');
		put_number(out, p[i].x);
		sink_char(out, ' ');
		put_number(out, p[i].y);
	}
	sink_printf(out, "%s\"/>\n", end);
}

void svg_polyline(struct sink *out, const char *classes, const struct point *p, size_t n)
{
	put_path(out, classes, p, n, "");
}

void svg_polygon(struct sink *out, const char *classes, const struct point *p, size_t n)
{
	put_path(out, classes, p, n, "Z");
}

/* Marks are paths round the origin, moved into place: shapes first, colour second. */
static const struct {
	struct point at[4];
	size_t n;
} shapes[MARK_N] = {
	[MARK_SQUARE] = { { { -0.85, -0.85 }, { 0.85, -0.85 }, { 0.85, 0.85 }, { -0.85, 0.85 } }, 4 },
	[MARK_DIAMOND] = { { { 0, -1.2 }, { 1.2, 0 }, { 0, 1.2 }, { -1.2, 0 } }, 4 },
	[MARK_TRIANGLE] = { { { 0, -1.1 }, { 1.1, 0.9 }, { -1.1, 0.9 } }, 3 },
	[MARK_DOWN] = { { { 0, 1.1 }, { 1.1, -0.9 }, { -1.1, -0.9 } }, 3 },
};

static void put_shape(struct sink *out, const char *classes, enum marker m, double x, double y, double r)
{
	struct point p[4];

	if (m == MARK_CROSS) {
		sink_put(out, "<path");
		put_class(out, classes);
		sink_put(out, " d=\"");
		for (int side = -1; side <= 1; side += 2) {
			sink_char(out, 'M');
			put_number(out, x - r);
			sink_char(out, ' ');
			put_number(out, y - side * r);
			sink_char(out, 'L');
			put_number(out, x + r);
			sink_char(out, ' ');
			put_number(out, y + side * r);
		}
		sink_put(out, "\"/>");
		return;
	}
	for (size_t i = 0; i < shapes[m].n; i++)
		p[i] = (struct point){ x + r * shapes[m].at[i].x, y + r * shapes[m].at[i].y };
	svg_polygon(out, classes, p, shapes[m].n);
}

void svg_mark(struct sink *out, const char *classes, enum marker m, double x, double y, double r, const char *note)
{
	if (note)
		sink_put(out, "<g>");
	if (m == MARK_DISC) {
		sink_put(out, "<circle");
		put_class(out, classes);
		put_attr(out, "cx", x);
		put_attr(out, "cy", y);
		put_attr(out, "r", r);
		sink_put(out, "/>");
	} else {
		put_shape(out, classes, m, x, y, r);
	}
	if (note) {
		sink_put(out, "<title>");
		sink_xml(out, note);
		sink_put(out, "</title></g>");
	}
	sink_char(out, '\n');
}

void svg_text(struct sink *out, const char *classes, double x, double y, const char *anchor, const char *text)
{
	sink_put(out, "<text");
	put_class(out, classes);
	put_attr(out, "x", x);
	put_attr(out, "y", y);
	if (strcmp(anchor, "start") != 0)
		sink_printf(out, " text-anchor=\"%s\"", anchor);
	sink_char(out, '>');
	sink_xml(out, text);
	sink_put(out, "</text>\n");
}
