/* SPDX-License-Identifier: Apache-2.0 */
#include "stat/histogram_json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define U128_DIGITS 40 /* 2^128 has 39 */
#define U128_MAX    (~(u128) 0)

/* JSON numbers are 64-bit at best, so the two sums travel as decimal text. */
static json_t *u128_to_json(u128 v)
{
	char buf[U128_DIGITS], *at = buf + sizeof(buf) - 1;

	*at = '\0';
	do {
		*--at = (char) ('0' + (int) (v % 10));
		v /= 10;
	} while (v);
	return json_string(at);
}

static bool u128_parse(const char *s, u128 *ret)
{
	u128 v = 0;

	if (!*s || strlen(s) >= U128_DIGITS)
		return false;
	for (; *s; s++) {
		unsigned digit = (unsigned) *s - '0';

		if (digit > 9 || v > (U128_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*ret = v;
	return true;
}

static json_t *buckets_to_json(const struct histogram *h)
{
	json_t *list = json_array();

	for (unsigned i = 0; list && i < HISTOGRAM_BUCKETS; i++)
		if (h->bucket[i] &&
		    json_array_append_new(list, json_pack("[I,I]", (json_int_t) i, (json_int_t) h->bucket[i])) < 0)
			json_decref(list), list = NULL;
	return list;
}

json_t *histogram_to_json(const struct histogram *h)
{
	json_t *min = h->count ? json_integer((json_int_t) h->min) : json_null();
	json_t *max = h->count ? json_integer((json_int_t) h->max) : json_null();

	return json_pack("{s:I, s:o, s:o, s:I, s:o, s:o, s:o}", "count", (json_int_t) h->count, "min_ns", min, "max_ns", max,
			 "above", (json_int_t) h->above, "sum_ns", u128_to_json(h->sum), "sumsq_ns2", u128_to_json(h->sumsq),
			 "buckets", buckets_to_json(h));
}

static int bad(struct err *err, const char *what)
{
	return err_set(err, -EINVAL, "histogram: %s; the record is damaged or not vlat's", what);
}

static int take_count(const json_t *json, const char *key, uint64_t *ret, struct err *err)
{
	const json_t *v = json_object_get(json, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return err_set(err, -EINVAL, "histogram: \"%s\" is %s; a whole number >= 0 belongs there", key,
			       v ? "something else" : "missing");
	*ret = (uint64_t) json_integer_value(v);
	return 0;
}

static int take_sum(const json_t *json, const char *key, u128 *ret, struct err *err)
{
	const char *text = json_string_value(json_object_get(json, key));

	if (!text || !u128_parse(text, ret))
		return err_set(err, -EINVAL, "histogram: \"%s\" is not a whole number in decimal digits below 2^128", key);
	return 0;
}

/* An empty histogram has no minimum and no maximum. */
static int take_extremes(const json_t *json, struct histogram *h, struct err *err)
{
	int r;

	if (!h->count) {
		if (!json_is_null(json_object_get(json, "min_ns")) || !json_is_null(json_object_get(json, "max_ns")))
			return bad(err, "it is empty, yet its \"min_ns\" and \"max_ns\" are not null");
		return 0;
	}
	r = take_count(json, "min_ns", &h->min, err);
	return r < 0 ? r : take_count(json, "max_ns", &h->max, err);
}

static int take_buckets(const json_t *json, struct histogram *h, struct err *err)
{
	const json_t *list = json_object_get(json, "buckets"), *pair;
	json_int_t index, count, last = -1;
	uint64_t total = 0;
	size_t i;

	if (!json_is_array(list))
		return bad(err, "\"buckets\" is not a list");
	json_array_foreach (list, i, pair) {
		if (!json_is_array(pair) || json_array_size(pair) != 2 || !json_is_integer(json_array_get(pair, 0)) ||
		    !json_is_integer(json_array_get(pair, 1)))
			return bad(err, "a bucket is not a pair of whole numbers");
		index = json_integer_value(json_array_get(pair, 0));
		count = json_integer_value(json_array_get(pair, 1));
		if (index <= last || index >= HISTOGRAM_BUCKETS)
			return err_set(err, -EINVAL, "histogram: bucket %" PRId64 " is out of order or range (0..%d, rising)",
				       (int64_t) index, HISTOGRAM_BUCKETS - 1);
		if (count <= 0 || (uint64_t) count > h->count - total)
			return bad(err, "its buckets do not add up to \"count\"");
		h->bucket[index] = (uint64_t) count;
		total += (uint64_t) count;
		last = index;
	}
	return total == h->count ? 0 : bad(err, "its buckets do not add up to \"count\"");
}

/* Minimum and maximum must fall in the outermost buckets that are filled. */
static bool extremes_fit(const struct histogram *h)
{
	unsigned lo = histogram_index(h->min), hi = histogram_index(h->max);

	if (h->min > h->max || !h->bucket[lo] || !h->bucket[hi])
		return false;
	for (unsigned i = 0; i < lo; i++)
		if (h->bucket[i])
			return false;
	for (unsigned i = hi + 1; i < HISTOGRAM_BUCKETS; i++)
		if (h->bucket[i])
			return false;
	return true;
}

/* The sums lie between those of `count` minima and maxima; products that overflow bound nothing. */
static bool sums_fit(const struct histogram *h)
{
	u128 n = h->count, lo = h->min, hi = h->max, product;

	if (h->sum < n * lo || h->sum > n * hi) /* 64 x 64 bits: cannot overflow */
		return false;
	if (__builtin_mul_overflow(hi * hi, n, &product))
		return true;
	return h->sumsq <= product && h->sumsq >= n * lo * lo;
}

static int check(const struct histogram *h, struct err *err)
{
	if (!h->count)
		return h->sum || h->sumsq || h->above ? bad(err, "it is empty, yet it has a sum") : 0;
	if (!extremes_fit(h))
		return bad(err, "\"min_ns\" or \"max_ns\" lies outside its buckets");
	if (h->above > h->bucket[HISTOGRAM_BUCKETS - 1] || !h->above != !(h->max >> HISTOGRAM_MAX_BITS))
		return bad(err, "\"above\" does not agree with its last bucket");
	return sums_fit(h) ? 0 : bad(err, "\"sum_ns\" or \"sumsq_ns2\" cannot come from such values");
}

int histogram_from_json(const json_t *json, struct histogram *ret, struct err *err)
{
	int r;

	histogram_clear(ret);
	if (!json_is_object(json))
		return bad(err, "it is not an object");
	r = take_count(json, "count", &ret->count, err);
	if (r == 0)
		r = take_count(json, "above", &ret->above, err);
	if (r == 0)
		r = take_sum(json, "sum_ns", &ret->sum, err);
	if (r == 0)
		r = take_sum(json, "sumsq_ns2", &ret->sumsq, err);
	if (r == 0)
		r = take_extremes(json, ret, err);
	if (r == 0)
		r = take_buckets(json, ret, err);
	return r < 0 ? r : check(ret, err);
}
