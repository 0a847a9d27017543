/* SPDX-License-Identifier: Apache-2.0 */
/*
 * svg - the few shapes that the plots need, as text with one decimal, so that
 * equal pictures are equal bytes.  Colours are never written: classes are, and
 * the page's style sheet gives them light, dark and print values.
 *
 * Coordinates are user units of the view box.  A value that is not finite is
 * drawn at 0: callers leave such points out.
 */
#ifndef REPORT_SVG_H
#define REPORT_SVG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sink.h"

struct point {
	double x, y;
};

/* Where a value lies on paper; log for times and ratios. Values outside lo..hi are clamped to the edge. */
struct scale {
	double lo, hi;   /* values, lo < hi, > 0 when log */
	double from, to; /* coordinates */
	bool log;
};

double scale_at(const struct scale *s, double value);
bool scale_holds(const struct scale *s, double value);

/* Widen lo..hi outward to round numbers (1, 2, 5 x 10^n when log); a domain that is empty or absurd becomes lo..10 lo. */
struct scale scale_log(double lo, double hi, double from, double to);
/* Round values within a log scale, at most max of them; their number. */
size_t scale_ticks(const struct scale *s, double *ret, size_t max);

/* id: plain letters, digits, '-'. title and desc are escaped here, and read aloud by screen readers. */
void svg_open(struct sink *out, const char *id, double width, double height, const char *title, const char *desc);
void svg_close(struct sink *out);
void svg_group(struct sink *out, const char *classes); /* ended by svg_group_end() */
void svg_group_end(struct sink *out);
void svg_line(struct sink *out, const char *classes, double x1, double y1, double x2, double y2);
void svg_rect(struct sink *out, const char *classes, double x, double y, double w, double h);
void svg_polyline(struct sink *out, const char *classes, const struct point *p, size_t n);
void svg_polygon(struct sink *out, const char *classes, const struct point *p, size_t n);
enum marker { MARK_DISC, MARK_SQUARE, MARK_DIAMOND, MARK_TRIANGLE, MARK_DOWN, MARK_CROSS, MARK_N };
/* A mark of radius r; note (may be NULL) becomes its tooltip. */
void svg_mark(struct sink *out, const char *classes, enum marker m, double x, double y, double r, const char *note);
/* anchor: "start", "middle" or "end". The text is escaped here. */
void svg_text(struct sink *out, const char *classes, double x, double y, const char *anchor, const char *text);

#endif
