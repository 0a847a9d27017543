/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protocol - frames and jobs of docs/agent-protocol.md, for both ends.
 *
 * A frame is a 4-byte big-endian length and that many bytes of JSON, one
 * object with a string "type".  Decoding is pure (bytes in, JSON out), so it is
 * tested and fuzzed without any stream.
 */
#ifndef WORKLOAD_PROTOCOL_H
#define WORKLOAD_PROTOCOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "workload/pages.h"
#include "workload/workload.h"

#define PROTOCOL_VERSION 1
#define FRAME_MAX        (16u << 20)    /* what vlat takes: results are large */
#define FRAME_MAX_AGENT  (64u << 10)    /* what the agent takes: jobs are small, and so is its memory */
#define TOKEN_BYTES      16

/*
 * The first frame in buf[len].  1: *ret is the object, *ret_used the bytes it took.  0: more bytes are needed.
 * -EBADMSG: these *ret_used bytes are no message, but the next frame may be.  -EMSGSIZE: the stream is lost.
 */
int frame_decode(const void *buf, size_t len, size_t max, json_t **ret, size_t *ret_used, struct err *err);
const char *frame_type(const json_t *msg);      /* its "type"; frame_decode() made sure that there is one */

/* Frames out of a byte stream.  { .max = FRAME_MAX } is a new one. */
struct frame_reader {
	char *buf;
	size_t len, cap, max;
};

int frame_fill(struct frame_reader *r, int fd); /* one read(2): bytes > 0, 0 at end of file, negative errno (-EAGAIN ...) */
int frame_take(struct frame_reader *r, json_t **ret, struct err *err);  /* as frame_decode(); drops what it took */
void frame_reader_free(struct frame_reader *r);

/* Fill and take until a whole frame is there; a stop (base/stop.h) ends it with -EINTR.  -ETIMEDOUT, -EPIPE (end of file) ... */
int frame_receive(struct frame_reader *r, int fd, uint64_t deadline_ns, json_t **ret, struct err *err);

/* Length and text in full, blocking or not, until the deadline (0 = for ever); does not take the reference. */
int frame_send(int fd, const json_t *msg, uint64_t deadline_ns, struct err *err);
int frame_write_all(int fd, const void *data, size_t len, uint64_t deadline_ns); /* negative errno */

enum side { SIDE_ALONE, SIDE_CLIENT, SIDE_SERVER };
enum direction { DIRECTION_DOWN, DIRECTION_UP, DIRECTION_BOTH };        /* down: the server sends */

struct job {
	char id[32];
	const struct workload *workload;
	enum side side;
	char peer[46];                  /* IPv4 or IPv6 address; on a server the address to listen on, "" = any */
	uint16_t port;                  /* 0 on a server: chosen, and told in `listening` */
	uint8_t token[TOKEN_BYTES];
	double duration_s, warmup_s;
	double rate;                    /* transactions a second, 0 = closed loop */
	uint32_t request_bytes, response_bytes;
	enum direction direction;
	uint32_t interval_us;
	enum pages pages;               /* memory: of the set that is sampled */
	uint32_t set_kb;                /* memory: that set, a power of two; 0 = chosen, beyond the last cache */
	bool ladder;                    /* memory: also every smaller set, with every size of pages */
	uint32_t timeout_ms;            /* udp-rr: a reply later than this is lost */
	uint32_t silence_ms;            /* a peer without any sign of life for this long is dead: the job ends with an error */
	struct cpuset cpus;             /* of the measuring thread; empty = anywhere */
	char group[160];                /* a cgroup.threads file that the measuring thread joins by first; "" = none */
	int fifo;                       /* SCHED_FIFO priority 1..99, 0 = SCHED_OTHER */
	bool lock_memory;
};

/* Everything but workload, side, peer, port and token has a default. */
#define JOB_INIT                                                                                       \
	{                                                                                              \
		.id = "1", .duration_s = 2, .warmup_s = 0.3, .request_bytes = 1, .response_bytes = 1,  \
		.interval_us = 1000, .ladder = true, .timeout_ms = 1000, .silence_ms = 5000,           \
	}

json_t *job_to_json(const struct job *job);     /* {"type":"job",...}; NULL when memory is out */
/* Absent members keep the defaults of JOB_INIT.  -EINVAL with a sentence that names the member. */
int job_from_json(const json_t *json, struct job *ret, struct err *err);
int job_check(const struct job *job, struct err *err);          /* ranges, and what the workload cannot take */

const char *side_name(enum side side);
const char *direction_name(enum direction direction);
int direction_parse(const char *name, enum direction *ret);     /* -EINVAL */

void token_to_hex(const uint8_t token[TOKEN_BYTES], char ret[2 * TOKEN_BYTES + 1]);
int token_from_hex(const char *hex, uint8_t ret[TOKEN_BYTES]);  /* -EINVAL */
int token_make(uint8_t ret[TOKEN_BYTES]);                       /* from getrandom(2) */
bool token_equal(const void *a, const void *b);                 /* in constant time */

#endif
