/* SPDX-License-Identifier: Apache-2.0 */
#include "report/format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define MINUS "\xe2\x88\x92"
#define MICRO "\xc2\xb5"
#define NBSP  "\xc2\xa0"

/* ASCII to typography: a leading '-' becomes a minus sign, blanks do not break, "us" becomes micro. */
static struct formatted scripted(const char *ascii, enum script script)
{
	struct formatted f = { "" };
	size_t n = 0;

	for (const char *p = ascii; *p && n + 4 < sizeof(f.text); p++) {
		const char *put = NULL;

		if (script == SCRIPT_UNICODE && *p == '-' && p[1] >= '0' && p[1] <= '9')
			put = MINUS;
		else if (script == SCRIPT_UNICODE && *p == ' ')
			put = NBSP;
		else if (script == SCRIPT_UNICODE && p[0] == 'u' && p[1] == 's' && !p[2])
			put = MICRO;
		if (put) {
			memcpy(f.text + n, put, strlen(put));
			n += strlen(put);
		} else {
			f.text[n++] = *p;
		}
	}
	f.text[n] = '\0';
	return f;
}

struct formatted format_value(double v, enum unit unit, enum script script)
{
	char buf[64];

	switch (unit) {
	case UNIT_NS:
		text_ns(buf, sizeof(buf), v);
		break;
	case UNIT_BPS:
		text_bps(buf, sizeof(buf), v);
		break;
	case UNIT_PER_S:
		if (isfinite(v) && fabs(v) < 1e15)
			snprintf(buf, sizeof(buf), "%.0f /s", v);
		else
			snprintf(buf, sizeof(buf), "-");
		break;
	}
	return scripted(buf, script);
}

/* Axis values are round (1, 2 or 5 times a power of ten): "%g" of the scaled number is short and exact. */
struct formatted format_axis(double v, enum unit unit)
{
	static const struct {
		double factor;
		const char *name[3];
	} scales[] = {
		{ 1e12, { "", "Tbit/s", "T/s" } },  { 1e9, { "s", "Gbit/s", "G/s" } }, { 1e6, { "ms", "Mbit/s", "M/s" } },
		{ 1e3, { "us", "kbit/s", "k/s" } }, { 1, { "ns", "bit/s", "/s" } },
	};
	char buf[64];
	size_t i = unit == UNIT_NS; /* nanoseconds have no tera step */

	if (!isfinite(v))
		return scripted("-", SCRIPT_UNICODE);
	while (i + 1 < ARRAY_SIZE(scales) && fabs(v) < scales[i].factor)
		i++;
	snprintf(buf, sizeof(buf), "%g %s", v / scales[i].factor, scales[i].name[unit]);
	return scripted(buf, SCRIPT_UNICODE);
}

/*
 * Percent with one decimal; near -100 % as many as still tell the remainder
 * (a ratio of 0.0003 is -99.97 %, not -100.0 %), and none from +1000 % on.
 */
static int decimals(double ratio)
{
	int more = 1;

	if (ratio >= 11)
		return 0;
	for (double rest = ratio; rest > 0 && rest < 0.001 && more < 6; rest *= 10)
		more++;
	return more;
}

static void put_percent(char *buf, size_t cap, double ratio, int digits, const char *sign_fmt)
{
	double percent = (ratio - 1) * 100;
	double half = 0.5 * pow(10, -digits);

	if (fabs(percent) < half)
		percent = 0; /* no "-0.0 %", no sign on nothing */
	snprintf(buf, cap, percent == 0 || !*sign_fmt ? "%.*f" : "%+.*f", digits, percent);
}

struct formatted format_change(double ratio, enum script script)
{
	char number[48], buf[64];

	if (!isfinite(ratio) || ratio < 0)
		return scripted("-", script);
	put_percent(number, sizeof(number), ratio, decimals(ratio), "+");
	snprintf(buf, sizeof(buf), "%s %%", number);
	return scripted(buf, script);
}

struct formatted format_range(struct interval r, enum script script)
{
	char lo[48], hi[48], buf[112];
	int digits;

	if (!interval_bounded(r) || r.lo < 0)
		return scripted("no interval", script);
	digits = decimals(r.lo) > decimals(r.hi) ? decimals(r.lo) : decimals(r.hi);
	put_percent(lo, sizeof(lo), r.lo, digits, "+");
	put_percent(hi, sizeof(hi), r.hi, digits, "+");
	snprintf(buf, sizeof(buf), "%.40s to %.40s %%", lo, hi);
	return scripted(buf, script);
}

struct formatted format_size(double ratio, enum script script)
{
	char number[48], buf[64];

	if (!isfinite(ratio) || ratio < 0)
		return scripted("-", script);
	put_percent(number, sizeof(number), ratio, decimals(ratio), "");
	snprintf(buf, sizeof(buf), "%s %%", number[0] == '-' ? number + 1 : number);
	return scripted(buf, script);
}

struct formatted format_sizes(double near, double far)
{
	char a[48], b[48], buf[112];
	int digits = decimals(near) > decimals(far) ? decimals(near) : decimals(far);

	if (!isfinite(near) || !isfinite(far) || near < 0 || far < 0)
		return scripted("unknown", SCRIPT_ASCII);
	put_percent(a, sizeof(a), near, digits, "");
	put_percent(b, sizeof(b), far, digits, "");
	snprintf(buf, sizeof(buf), "%.40s to %.40s", a[0] == '-' ? a + 1 : a, b[0] == '-' ? b + 1 : b);
	return scripted(buf, SCRIPT_ASCII);
}

struct formatted format_floor(double floor, enum script script)
{
	const char *sign = script == SCRIPT_UNICODE ? "\xc2\xb1" : "+-", *times = script == SCRIPT_UNICODE ? "\xc3\x97" : "x";
	char buf[64];

	if (!isfinite(floor) || floor <= 1)
		return scripted("none", script);
	if (floor < 1.5)
		snprintf(buf, sizeof(buf), "%s%.1f %%", sign, (floor - 1) * 100);
	else
		snprintf(buf, sizeof(buf), "%s%.1f", times, floor); /* up or down: a percentage would not say so */
	return scripted(buf, script);
}

/* Bytes of the first `chars` characters, at most cap of them, never ending inside a character. */
static size_t prefix(const char *utf8, size_t chars, size_t cap)
{
	size_t end = 0;

	while (utf8[end] && chars-- > 0) {
		size_t next = end + 1;

		while (((unsigned char) utf8[next] & 0xc0) == 0x80)
			next++;
		if (next > cap)
			break;
		end = next;
	}
	return end;
}

struct formatted format_cut(const char *utf8, size_t max_chars)
{
	static const char ellipsis[] = "\xe2\x80\xa6";
	struct formatted f = { "" };
	size_t n = prefix(utf8, max_chars, sizeof(f.text) - 1);

	if (!utf8[n]) {
		memcpy(f.text, utf8, n);
		return f;
	}
	n = prefix(utf8, max_chars > 0 ? max_chars - 1 : 0, sizeof(f.text) - sizeof(ellipsis));
	memcpy(f.text, utf8, n);
	memcpy(f.text + n, ellipsis, sizeof(ellipsis));
	return f;
}
