/* SPDX-License-Identifier: Apache-2.0 */
/* job - to and from JSON by one table of the numeric members; names and texts by hand. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "workload/protocol.h"

#define SAMPLES_MAX 4e9 /* rate x duration: a hopeless open loop records every start it missed, in 32-bit counts */

enum kind { REAL, U32, U16 };

struct member {
	const char *name;
	enum kind kind;
	size_t offset;
	double lo, hi;
	bool zero; /* 0 is allowed besides lo..hi */
};

static const struct member members[] = {
	{ .name = "port", .kind = U16, .offset = offsetof(struct job, port), .lo = 1, .hi = 65535, .zero = true },
	{ .name = "duration_s", .kind = REAL, .offset = offsetof(struct job, duration_s), .lo = 0.01, .hi = 86400 },
	{ .name = "warmup_s", .kind = REAL, .offset = offsetof(struct job, warmup_s), .lo = 0, .hi = 3600 },
	{ .name = "rate", .kind = REAL, .offset = offsetof(struct job, rate), .lo = 1, .hi = 1e6, .zero = true },
	{ .name = "request_bytes", .kind = U32, .offset = offsetof(struct job, request_bytes), .lo = 1, .hi = 1 << 20 },
	{ .name = "response_bytes", .kind = U32, .offset = offsetof(struct job, response_bytes), .lo = 1, .hi = 1 << 20 },
	{ .name = "interval_us", .kind = U32, .offset = offsetof(struct job, interval_us), .lo = 10, .hi = 1e6 },
	{ .name = "set_kb", .kind = U32, .offset = offsetof(struct job, set_kb), .lo = 16, .hi = 64 << 20, .zero = true },
	{ .name = "timeout_ms", .kind = U32, .offset = offsetof(struct job, timeout_ms), .lo = 1, .hi = 60000 },
	{ .name = "silence_ms", .kind = U32, .offset = offsetof(struct job, silence_ms), .lo = 100, .hi = 3600000 },
};

static const char *const sides[] = { [SIDE_ALONE] = "alone", [SIDE_CLIENT] = "client", [SIDE_SERVER] = "server" };
static const char *const directions[] = { [DIRECTION_DOWN] = "down", [DIRECTION_UP] = "up", [DIRECTION_BOTH] = "both" };

const char *side_name(enum side side)
{
	return sides[side];
}

const char *direction_name(enum direction direction)
{
	return directions[direction];
}

static int word_index(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text_eq(word, words[i]))
			return (int) i;
	return -EINVAL;
}

int direction_parse(const char *name, enum direction *ret)
{
	int i = word_index(name, directions, ARRAY_SIZE(directions));

	if (i < 0)
		return -EINVAL;
	*ret = (enum direction) i;
	return 0;
}

static double member_get(const struct job *job, const struct member *m)
{
	const char *at = (const char *) job + m->offset;
	uint32_t u32;
	uint16_t u16;
	double real;

	switch (m->kind) {
	case U32:
		memcpy(&u32, at, sizeof(u32));
		return u32;
	case U16:
		memcpy(&u16, at, sizeof(u16));
		return u16;
	default:
		memcpy(&real, at, sizeof(real));
		return real;
	}
}

/* The value is in range: member_check() came first. */
static void member_set(struct job *job, const struct member *m, double value)
{
	char *at = (char *) job + m->offset;
	uint32_t u32 = m->kind == REAL ? 0 : (uint32_t) value;
	uint16_t u16 = (uint16_t) u32;

	switch (m->kind) {
	case U32:
		memcpy(at, &u32, sizeof(u32));
		break;
	case U16:
		memcpy(at, &u16, sizeof(u16));
		break;
	default:
		memcpy(at, &value, sizeof(value));
	}
}

static int member_check(const struct member *m, double value, struct err *err)
{
	if (value >= m->lo && value <= m->hi)
		return 0;
	if (m->zero && value == 0)
		return 0;
	return err_set(err, -EINVAL, "job: %s is %.10g; it must be %s%.10g to %.10g", m->name, value, m->zero ? "0 or " : "",
		       m->lo, m->hi);
}

json_t *job_to_json(const struct job *job)
{
	char token[2 * TOKEN_BYTES + 1], cpus[2048];
	json_t *o;

	token_to_hex(job->token, token);
	o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:s, s:b}", "type", "job", "id", job->id,
		      "workload", job->workload->name, "side", side_name(job->side), "peer", job->peer, "token", token,
		      "direction", direction_name(job->direction), "cpus", cpuset_list(&job->cpus, cpus, sizeof(cpus)), "group",
		      job->group, "policy", job->fifo ? "fifo" : "other", "priority", job->fifo, "lock_memory",
		      (int) job->lock_memory, "pages", pages_name(job->pages), "ladder", (int) job->ladder);
	for (size_t i = 0; o && i < ARRAY_SIZE(members); i++) {
		const struct member *m = &members[i];
		double value = member_get(job, m);

		json_object_set_new(o, m->name, m->kind == REAL ? json_real(value) : json_integer((json_int_t) value));
	}
	return o;
}

static int number_from_json(const json_t *json, const struct member *m, struct job *job, struct err *err)
{
	const json_t *v = json_object_get(json, m->name);
	double value;
	int r;

	if (!v)
		return 0;
	if (!(m->kind == REAL ? json_is_number(v) : json_is_integer(v)))
		return err_set(err, -EINVAL, "job: %s must be %s", m->name, m->kind == REAL ? "a number" : "a whole number");
	value = json_number_value(v);
	r = member_check(m, value, err);
	if (r < 0)
		return r;
	member_set(job, m, value);
	return 0;
}

/* The text of a member, "" when it is absent. */
static int text_from_json(const json_t *json, const char *name, const char **ret, struct err *err)
{
	const json_t *v = json_object_get(json, name);

	if (v && !json_is_string(v))
		return err_set(err, -EINVAL, "job: %s must be a text", name);
	*ret = v ? json_string_value(v) : "";
	return 0;
}

static int names_from_json(const json_t *json, struct job *job, struct err *err)
{
	const char *id = "", *workload = "", *side = "", *direction = "";
	int i;

	if (text_from_json(json, "id", &id, err) < 0 || text_from_json(json, "workload", &workload, err) < 0 ||
	    text_from_json(json, "side", &side, err) < 0 || text_from_json(json, "direction", &direction, err) < 0)
		return -EINVAL;
	if (*id && (!text_is_name(id) || text_print(job->id, sizeof(job->id), "%s", id)))
		return err_set(err, -EINVAL, "job: id '%.40s' is not a name of at most %zu letters, digits, . _ -", id,
			       sizeof(job->id) - 1);
	if (workload_find_or_explain(workload, &job->workload, err) < 0)
		return err_in(err, "job");
	i = *side ? word_index(side, sides, ARRAY_SIZE(sides)) : SIDE_ALONE;
	if (i < 0)
		return err_set(err, -EINVAL, "job: side '%.20s' is not alone, client or server", side);
	job->side = (enum side) i;
	if (*direction && direction_parse(direction, &job->direction) < 0)
		return err_set(err, -EINVAL, "job: direction '%.20s' is not up, down or both", direction);
	return 0;
}

static int peer_from_json(const json_t *json, struct job *job, struct err *err)
{
	const char *peer = "", *token = "";
	unsigned char address[sizeof(struct in6_addr)];

	if (text_from_json(json, "peer", &peer, err) < 0 || text_from_json(json, "token", &token, err) < 0)
		return -EINVAL;
	if (*peer && inet_pton(AF_INET, peer, address) != 1 && inet_pton(AF_INET6, peer, address) != 1)
		return err_set(err, -EINVAL, "job: peer '%.60s' is not an IPv4 or IPv6 address", peer);
	if (text_print(job->peer, sizeof(job->peer), "%s", peer))
		return err_set(err, -EINVAL, "job: peer '%.60s' is too long", peer);
	if (*token && token_from_hex(token, job->token) < 0)
		return err_set(err, -EINVAL, "job: token must be %d hex digits", 2 * TOKEN_BYTES);
	if (!*token && job->side != SIDE_ALONE)
		return err_set(err, -EINVAL, "job: a %s needs a token of %d hex digits", side_name(job->side), 2 * TOKEN_BYTES);
	return 0;
}

static int attributes_from_json(const json_t *json, struct job *job, struct err *err)
{
	const json_t *priority = json_object_get(json, "priority"), *lock = json_object_get(json, "lock_memory");
	const char *cpus = "", *policy = "", *group = "";
	json_int_t prio = json_integer_value(priority);

	if (text_from_json(json, "cpus", &cpus, err) < 0 || text_from_json(json, "policy", &policy, err) < 0 ||
	    text_from_json(json, "group", &group, err) < 0)
		return -EINVAL;
	if (cpuset_parse_list(cpus, &job->cpus) < 0)
		return err_set(err, -EINVAL, "job: cpus '%.60s' is not a list such as 0-3,8", cpus);
	if (*group &&
	    (*group != '/' || !text_ends(group, "/cgroup.threads") || text_print(job->group, sizeof(job->group), "%s", group)))
		return err_set(err, -EINVAL, "job: group '%.60s' is not the path of a cgroup.threads file", group);
	if (*policy && !text_eq(policy, "other") && !text_eq(policy, "fifo"))
		return err_set(err, -EINVAL, "job: policy '%.20s' is not other or fifo", policy);
	if (text_eq(policy, "fifo") && (prio < 1 || prio > 99))
		return err_set(err, -EINVAL, "job: policy fifo needs a priority of 1 to 99, not %lld", (long long) prio);
	if (lock && !json_is_boolean(lock))
		return err_set(err, -EINVAL, "job: lock_memory must be true or false");
	job->fifo = text_eq(policy, "fifo") ? (int) prio : 0;
	job->lock_memory = json_is_true(lock);
	return 0;
}

static int memory_from_json(const json_t *json, struct job *job, struct err *err)
{
	const json_t *ladder = json_object_get(json, "ladder");
	const char *pages = "";

	if (text_from_json(json, "pages", &pages, err) < 0)
		return -EINVAL;
	if (*pages && pages_parse(pages, &job->pages) < 0)
		return err_set(err, -EINVAL, "job: pages '%.20s' are not 4k, 2m or 1g", pages);
	if (ladder && !json_is_boolean(ladder))
		return err_set(err, -EINVAL, "job: ladder must be true or false");
	job->ladder = ladder ? json_is_true(ladder) : job->ladder;
	return 0;
}

static int memory_check(const struct job *job, struct err *err)
{
	if (job->workload->memory && (job->set_kb & (job->set_kb - 1)))
		return err_set(err, -EINVAL, "job: a set of %u KiB is no power of two", job->set_kb);
	return 0;
}

static int sizes_check(const struct job *job, struct err *err)
{
	const struct workload *w = job->workload;
	uint32_t most = job->request_bytes > job->response_bytes ? job->request_bytes : job->response_bytes;

	if (w->sizes && most > w->max_bytes)
		return err_set(err, -EINVAL, "job: %s takes at most %u bytes a message, not %u", w->name, w->max_bytes, most);
	return 0;
}

static int side_check(const struct job *job, struct err *err)
{
	const struct workload *w = job->workload;

	if (w->peer && job->side == SIDE_ALONE)
		return err_set(err, -EINVAL, "job: %s needs side client or server, and a peer", w->name);
	if (!w->peer && job->side != SIDE_ALONE)
		return err_set(err, -EINVAL, "job: %s has no peer: side must be alone", w->name);
	if (job->side == SIDE_CLIENT && (!job->peer[0] || !job->port))
		return err_set(err, -EINVAL, "job: a client needs the peer's address and port");
	return 0;
}

int job_check(const struct job *job, struct err *err)
{
	int r;

	if (!job->workload)
		return err_set(err, -EINVAL, "job: no workload is named");
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		r = member_check(&members[i], member_get(job, &members[i]), err);
		if (r < 0)
			return r;
	}
	if (job->rate > 0 && !job->workload->rate)
		return err_set(err, -EINVAL, "job: %s takes no rate", job->workload->name);
	if (job->rate * job->duration_s > SAMPLES_MAX)
		return err_set(err, -EINVAL, "job: a rate of %g for %g s is more than %g samples; shorten it", job->rate,
			       job->duration_s, SAMPLES_MAX);
	if (job->fifo < 0 || job->fifo > 99)
		return err_set(err, -EINVAL, "job: priority is %d; it must be 1 to 99, or 0 for SCHED_OTHER", job->fifo);
	r = sizes_check(job, err);
	if (r == 0)
		r = memory_check(job, err);
	return r < 0 ? r : side_check(job, err);
}

int job_from_json(const json_t *json, struct job *ret, struct err *err)
{
	struct job job = JOB_INIT;
	int r = names_from_json(json, &job, err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(members); i++)
		r = number_from_json(json, &members[i], &job, err);
	if (r == 0)
		r = peer_from_json(json, &job, err);
	if (r == 0)
		r = attributes_from_json(json, &job, err);
	if (r == 0)
		r = memory_from_json(json, &job, err);
	if (r == 0)
		r = job_check(&job, err);
	if (r < 0)
		return r;
	*ret = job;
	return 0;
}
