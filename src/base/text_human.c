/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as a person wants to read them: three significant digits and the unit that keeps them short. */
#include <math.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/text.h"

struct scale {
	double factor;
	const char *unit;
};

/* 9.41, 12.3, 458, 12345 (the last unit may grow). */
static char *scaled(char *buf, size_t cap, double value, const struct scale *scales, size_t n)
{
	size_t i = 0;
	double x;
	int digits;

	if (!isfinite(value)) {
		snprintf(buf, cap, "-");
		return buf;
	}
	/* 999.5 would print as 1000: the next unit reads better. */
	while (i + 1 < n && fabs(value) / scales[i].factor >= 999.5)
		i++;
	x = value / scales[i].factor;
	digits = fabs(x) < 9.995 ? 2 : fabs(x) < 99.95 ? 1 : 0;
	if (scales[i].factor <= 1 && rint(x) == x)
		digits = 0; /* whole nanoseconds and bytes have no fraction */
	snprintf(buf, cap, "%.*f %s", digits, x, scales[i].unit);
	return buf;
}

char *text_ns(char *buf, size_t cap, double ns)
{
	static const struct scale scales[] = { { 1, "ns" }, { 1e3, "us" }, { 1e6, "ms" }, { 1e9, "s" } };

	return scaled(buf, cap, ns, scales, ARRAY_SIZE(scales));
}

char *text_bps(char *buf, size_t cap, double bits_per_s)
{
	static const struct scale scales[] = {
		{ 1, "bit/s" }, { 1e3, "kbit/s" }, { 1e6, "Mbit/s" }, { 1e9, "Gbit/s" }, { 1e12, "Tbit/s" },
	};

	return scaled(buf, cap, bits_per_s, scales, ARRAY_SIZE(scales));
}

char *text_bytes(char *buf, size_t cap, double bytes)
{
	static const struct scale scales[] = { { 1, "B" }, { 1e3, "kB" }, { 1e6, "MB" }, { 1e9, "GB" }, { 1e12, "TB" } };

	return scaled(buf, cap, bytes, scales, ARRAY_SIZE(scales));
}

char *text_seconds(char *buf, size_t cap, double s)
{
	unsigned long long whole;

	if (!isfinite(s) || s < 0) {
		snprintf(buf, cap, "-");
		return buf;
	}
	if (s > 0 && s < 9.95 && rint(s) != s) {
		snprintf(buf, cap, "%.1f s", s);
		return buf;
	}
	whole = (unsigned long long) (s + 0.5);
	if (whole < 60)
		snprintf(buf, cap, "%llu s", whole);
	else if (whole < 3600)
		snprintf(buf, cap, "%llu min %02llu s", whole / 60, whole % 60);
	else
		snprintf(buf, cap, "%llu h %02llu min", whole / 3600, whole % 3600 / 60);
	return buf;
}
