/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text is cut where a word begins (a letter or digit after something else), and
 * at each beginning the shapes below are tried.  A shape must fill the word: what
 * follows is no letter and no digit.  What a shape covered is looked up in a list,
 * so that equal things stay equal.
 */
#include "capture/mask.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"

struct replaced {
	char *text;
	unsigned nr;
};

struct mask {
	char host[80];
	size_t host_len, count;
	VEC(struct replaced) seen;
	VEC(long) pids;
};

struct mask *mask_new(const char *hostname)
{
	struct mask *m = xalloc(1, sizeof(*m));

	/* A very short name, or one that is a word of files, would mask half of them. */
	if (strlen(hostname) >= 3 && !text_eq(hostname, "localhost") && !text_eq(hostname, "host"))
		text_print(m->host, sizeof(m->host), "%s", hostname);
	m->host_len = strlen(m->host);
	return m;
}

void mask_free(struct mask *m)
{
	for (size_t i = 0; i < m->seen.n; i++)
		free(m->seen.at[i].text);
	vec_free(&m->seen);
	vec_free(&m->pids);
	free(m);
}

size_t mask_count(const struct mask *m)
{
	return m->count;
}

void mask_counted(struct mask *m)
{
	m->count++;
}

void mask_keep_pid(struct mask *m, long pid)
{
	*vec_add(&m->pids) = pid;
}

bool mask_keeps_pid(const struct mask *m, long pid)
{
	for (size_t i = 0; i < m->pids.n; i++) {
		if (m->pids.at[i] == pid)
			return true;
	}
	return false;
}

/* 1, 2, 3 ... in the order of first sight. */
static unsigned number_of(struct mask *m, const char *text, size_t len)
{
	struct replaced *r;

	for (size_t i = 0; i < m->seen.n; i++) {
		if (strlen(m->seen.at[i].text) == len && strncasecmp(m->seen.at[i].text, text, len) == 0)
			return m->seen.at[i].nr;
	}
	r = vec_add(&m->seen);
	r->text = xstrndup(text, len);
	r->nr = (unsigned) m->seen.n;
	return r->nr;
}

static bool is_hex(char c)
{
	return isxdigit((unsigned char) c) != 0;
}

static bool is_word(char c)
{
	return isalnum((unsigned char) c) != 0;
}

static size_t hex_run(const char *at, size_t left)
{
	size_t n = 0;

	while (n < left && is_hex(at[n]))
		n++;
	return n;
}

/* 8-4-4-4-12, parted by '-' or, in names of groups, by '_'. */
static size_t uuid_length(const char *at, size_t left)
{
	static const size_t parts[] = { 8, 4, 4, 4, 12 };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (i > 0 && (n == left || (at[n] != '-' && at[n] != '_')))
			return 0;
		n += i > 0;
		if (hex_run(at + n, left - n) != parts[i])
			return 0;
		n += parts[i];
	}
	return n;
}

/* Six pairs and more (InfiniBand has twenty), all parted by the same sign. */
static size_t mac_length(const char *at, size_t left)
{
	size_t n = 2, pairs = 1;

	if (left < 17 || hex_run(at, left) != 2 || (at[2] != ':' && at[2] != '-'))
		return 0;
	while (n < left && at[n] == at[2] && hex_run(at + n + 1, left - n - 1) == 2) {
		n += 3;
		pairs++;
	}
	return pairs >= 6 ? n : 0;
}

static size_t ipv4_length(const char *at, size_t left)
{
	char text[16] = "";
	struct in_addr a;
	size_t n = 0;

	while (n < left && n < sizeof(text) - 1 && (isdigit((unsigned char) at[n]) || at[n] == '.'))
		n++;
	memcpy(text, at, n);
	if (n && text[n - 1] == '.')
		text[--n] = '\0';
	/* Loopback, any and netmasks tell nothing about anybody. */
	if (inet_pton(AF_INET, text, &a) != 1 || text_starts(text, "127.") || text_starts(text, "0.") ||
	    text_starts(text, "255."))
		return 0;
	return n;
}

/* "0::/" of /proc/PID/cgroup is none: two groups of digits at least. */
static size_t ipv6_length(const char *at, size_t left)
{
	char text[46] = "";
	struct in6_addr a;
	size_t n = 0, groups = 0;

	while (n < left && n < sizeof(text) - 1 && (is_hex(at[n]) || at[n] == ':')) {
		groups += is_hex(at[n]) && (n == 0 || at[n - 1] == ':');
		n++;
	}
	memcpy(text, at, n);
	return groups >= 2 && n >= 6 && inet_pton(AF_INET6, text, &a) == 1 ? n : 0;
}

/* Container ids, machine ids. */
static size_t id_length(const char *at, size_t left)
{
	size_t n = hex_run(at, left);

	for (size_t i = 0; i < n; i++) {
		if (isalpha((unsigned char) at[i]))
			return n >= 32 ? n : 0;
	}
	return 0; /* digits only: a mask or a number */
}

enum shape { SHAPE_UUID, SHAPE_MAC, SHAPE_IPV4, SHAPE_IPV6, SHAPE_ID };

static size_t (*const shapes[])(const char *at, size_t left) = {
	[SHAPE_UUID] = uuid_length, [SHAPE_MAC] = mac_length, [SHAPE_IPV4] = ipv4_length,
	[SHAPE_IPV6] = ipv6_length, [SHAPE_ID] = id_length,
};

static void put_instead(enum shape shape, unsigned nr, const char *at, size_t len, struct sink *out)
{
	switch (shape) {
	case SHAPE_UUID:
		sink_printf(out, "00000000%c0000%c0000%c0000%c%012u", at[8], at[8], at[8], at[8], nr);
		break;
	case SHAPE_MAC:
		for (size_t i = 0; i + 2 < len; i += 3)
			sink_printf(out, "%s%c", i ? "00" : "02", at[2]);
		sink_printf(out, "%02x", nr & 0xff);
		break;
	case SHAPE_IPV4:
		sink_printf(out, "192.0.2.%u", nr % 255);
		break;
	case SHAPE_IPV6:
		sink_printf(out, "2001:db8::%x", nr & 0xffff);
		break;
	case SHAPE_ID:
		sink_printf(out, "a%0*u", (int) len - 1, nr);
		break;
	}
}

/* The name of a guest of libvirt: "machine-qemu\x2d3\x2dNAME.scope". */
static size_t guest_length(const char *at, size_t left, size_t *ret_head)
{
	static const char head[] = "machine-qemu\\x2d", gap[] = "\\x2d";
	size_t n = strlen(head), name;

	if (left < n || memcmp(at, head, n) != 0)
		return 0;
	while (n < left && isdigit((unsigned char) at[n]))
		n++;
	if (left - n < strlen(gap) || memcmp(at + n, gap, strlen(gap)) != 0)
		return 0;
	n += strlen(gap);
	name = n;
	while (n < left && at[n] != '.' && at[n] != '/' && !isspace((unsigned char) at[n]))
		n++;
	*ret_head = name;
	return n;
}

/* Bytes taken at a word's beginning; 0 = nothing to mask here. */
static size_t mask_word(struct mask *m, const char *at, size_t left, struct sink *out)
{
	size_t head, n = guest_length(at, left, &head);

	if (n) {
		sink_putn(out, at, head);
		sink_printf(out, "guest%u", number_of(m, at + head, n - head));
		return n;
	}
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		n = shapes[i](at, left);
		if (n && (n == left || !is_word(at[n]))) {
			put_instead((enum shape) i, number_of(m, at, n), at, n, out);
			return n;
		}
	}
	n = m->host_len;
	if (n && left >= n && memcmp(at, m->host, n) == 0 && (n == left || !is_word(at[n]))) {
		sink_put(out, "host");
		return n;
	}
	return 0;
}

void mask_text(struct mask *m, const char *text, size_t len, struct sink *out)
{
	size_t at = 0;

	sink_put(out, "");
	while (at < len) {
		bool begins = at == 0 || !is_word(text[at - 1]);
		size_t n = begins && (is_word(text[at]) || text[at] == ':') ? mask_word(m, text + at, len - at, out) : 0;

		if (n)
			m->count++;
		else
			sink_char(out, text[at]);
		at += n ? n : 1;
	}
}

/* What a vendor or an owner numbers its machines by. */
static bool is_serial(const char *path)
{
	static const char *const words[] = { "serial", "asset_tag", "product_uuid", "machine-id", "wwid", "wwn" };
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strstr(name, words[i]))
			return true;
	}
	return false;
}

void mask_file(struct mask *m, const char *path, const char *data, size_t len, struct sink *out)
{
	sink_put(out, "");
	if (is_serial(path)) {
		mask_counted(m);
		sink_put(out, "masked\n");
	} else if (text_eq(path, "proc/sys/kernel/hostname") || text_eq(path, "etc/hostname")) {
		mask_counted(m); /* one that is too short, or too plain, to be looked for elsewhere as well */
		sink_put(out, "host\n");
	} else if (text_ends(path, ".gz")) {
		sink_putn(out, data, len);
	} else if (text_eq(path, "proc/cmdline")) {
		mask_cmdline(m, data, len, out);
	} else if (!mask_process_file(m, path, data, len, out)) {
		mask_text(m, data, len, out);
	}
}
