/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format - numbers of a report as a person reads them, always with their unit.
 *
 * Two scripts: ASCII for terminals ("-97.1 %", "12.3 us"), UNICODE for HTML and
 * SVG (minus sign, micro sign, no-break space before the unit).
 */
#ifndef REPORT_FORMAT_H
#define REPORT_FORMAT_H

#include <stddef.h>

#include "stat/interval.h"

enum script { SCRIPT_ASCII, SCRIPT_UNICODE };

enum unit { UNIT_NS, UNIT_BPS, UNIT_PER_S };

struct formatted {
	char text[96]; /* returned by value: several in one printf */
};

struct formatted format_value(double v, enum unit unit, enum script script); /* "9.10 ms"; "-" when not finite */
struct formatted format_axis(double v, enum unit unit);                      /* "10 us" for round values, UNICODE */
struct formatted format_change(double ratio, enum script script);            /* "-97.1 %", "+10.8 %", "0.0 %" */
struct formatted format_range(struct interval ratio, enum script script); /* "-98.0 to -95.8 %"; "no interval" when unbounded */
struct formatted format_size(double ratio, enum script script);           /* "97.1 %": how far from 1, without sign */
struct formatted format_sizes(double near, double far);                   /* "95.8 to 98.0": two of them, without unit */
struct formatted format_floor(double floor, enum script script);          /* "+-3.2 %", "x2.4"; "none" when <= 1 */
struct formatted format_cut(const char *utf8, size_t max_chars);          /* at most max_chars, "..." marks a cut */

#endif
