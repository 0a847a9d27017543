/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qmp - QEMU's control protocol (docs/interop/qmp-spec): one JSON object a
 * line, replies matched to commands by id, events in between.
 *
 * QEMU greets before its devices are made, so the greeting proves nothing;
 * qmp_open() returns after the capabilities were negotiated and query-status
 * was answered: only then does the machine exist.
 */
#ifndef VM_QMP_H
#define VM_QMP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define QMP_LINE_MAX ((size_t) 8 << 20)

enum qmp_kind { QMP_GREETING, QMP_RETURN, QMP_ERROR, QMP_EVENT };

struct qmp_message {
	enum qmp_kind kind;
	json_t *json;      /* the whole object; owned */
	json_t *value;     /* borrowed: "QMP", "return", "error", "data" (may be NULL for an event) */
	const char *event; /* borrowed: name of an event */
	json_int_t id;     /* of a reply; -1 = it has none */
};

/* One line without its newline; -EBADMSG when it is none of the four. */
int qmp_parse(const char *line, size_t len, struct qmp_message *ret, struct err *err);

struct qmp;

/* fd stays the caller's.  -EPIPE: QEMU closed the connection. */
int qmp_open(struct qmp **ret, int fd, uint64_t deadline_ns, struct err *err);
void qmp_close(struct qmp *q); /* accepts NULL */

/* args (may be NULL) is consumed; *ret (may be NULL) is a new reference to what "return" holds. */
int qmp_call(struct qmp *q, const char *command, json_t *args, uint64_t deadline_ns, json_t **ret, struct err *err);

/* Send and do not wait: for `quit`, also on the way out after Ctrl-C. */
void qmp_send(struct qmp *q, const char *command);
/* Take in what has arrived, never waiting; 0, or -EPIPE at the end of the connection. */
int qmp_pump(struct qmp *q, struct err *err);
/* How often this event has come ("STOP", "SHUTDOWN"), and the data of its last time (borrowed, may be NULL). */
unsigned qmp_seen(const struct qmp *q, const char *event, json_t **ret_data);

/* "prelaunch", "running", "internal-error", ... into buf. */
int qmp_status(struct qmp *q, uint64_t deadline_ns, char *buf, size_t cap, struct err *err);

#endif
