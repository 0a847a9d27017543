/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inside - a guest seen from within, through the QEMU guest agent that runs in
 * it: a fixed list of files, read there by one fixed script, becomes a tree in
 * memory, and the guest role is audited on that tree as on any capture.
 *
 * All that comes out of a guest is taken for hostile: every answer is bounded
 * in bytes and time, no path of it ever reaches the host's file system, and no
 * byte but printable ASCII survives (inside_tree.c).  docs/security.md.
 */
#ifndef AUDIT_INSIDE_H
#define AUDIT_INSIDE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/sink.h"
#include "knob/qemu.h"

/* What a guest may say at most: all of it fits libvirt's 4 MiB of one message, packed as base64. */
#define INSIDE_BYTES ((size_t) 2600 << 10)
/* The host side of one line of the agent's. */
#define INSIDE_LINE ((size_t) 5 << 20)

struct inside {
	struct fs fs; /* the guest; closed by inside_close() */
	size_t files, bytes;
	char how[200];  /* "the QEMU guest agent at /run/web.sock" */
	char less[200]; /* what could not be asked for, and so is not seen; "" = all was asked */
	bool partial;   /* single files only: what is not in the tree may well be in the guest */
};

struct inside_options {
	const char *socket;  /* where the agent listens, when the command line does not say; NULL */
	uint64_t timeout_ns; /* of the whole */
};

int inside_open(struct inside *ret, const struct qemu *vm, const struct inside_options *o, struct err *err);
void inside_close(struct inside *in);

/* ---- which way leads in: inside_way.c ---- */

#define INSIDE_PORT "org.qemu.guest_agent.0"

enum inside_by { INSIDE_SOCKET, INSIDE_VIRSH };
struct inside_way {
	enum inside_by by;
	char at[256]; /* the socket, or libvirt's name of the domain */
};
/* -ENOENT: this VM offers none; the sentence tells what to add, in its launcher's words. */
int inside_find_way(const struct qemu *vm, const char *socket, struct inside_way *ret, struct err *err);

/* ---- what is asked: inside_paths.c ---- */

/* A pattern of files, relative to the root, "*" within one name; what is only named is not read. */
struct inside_path {
	const char *pattern;
	bool only_named;
};
extern const struct inside_path inside_paths[];
extern const size_t n_inside_paths;
/* Is this path of a guest one that is asked for? */
bool inside_asks(const char *path);
/* The whole program of the reader: a constant, for /bin/sh -c. */
void inside_script(struct sink *out);

/* ---- what is answered: inside_tree.c; total: any bytes ---- */

struct fs_tree;
/* The reader's output into the tree; returns how many files have a content. */
size_t inside_take(struct fs_tree *t, const char *text, size_t len);
/* One file that was read alone; its content is cleaned in place. */
int inside_take_file(struct fs_tree *t, const char *path, char *data, size_t len);

/* ---- the agent's protocol: inside_agent.c ---- */

/* Who carries one command there and its reply back: a socket, or virsh.  *ret: the whole reply, {"return": ...} or {"error":
 * ...}. */
struct inside_line {
	int (*call)(void *arg, const char *command, uint64_t deadline_ns, json_t **ret, struct err *err);
	void *arg;
	const char *who; /* for messages: "the guest agent in VM web" */
};
/* Fills the tree, and of *ret what it is to say of it. */
int inside_read(const struct inside_line *line, struct fs_tree *t, uint64_t deadline_ns, struct inside *ret, struct err *err);
/* Text of base64 into *ret (malloc'ed, NUL added); -EBADMSG. */
int inside_base64(const char *text, char **ret, size_t *ret_len);

/* ---- lines ---- */

struct inside_socket {
	int fd;
	char *buf;             /* what came and was not taken yet */
	size_t from, len, cap; /* from: where the next line begins */
};
/* Connects and waits until the agent answers to a number of our own.  fd -1: `path` is connected to. */
int inside_socket_open(struct inside_socket *s, int fd, const char *path, uint64_t deadline_ns, struct err *err);
void inside_socket_close(struct inside_socket *s);
int inside_socket_call(void *socket, const char *command, uint64_t deadline_ns, json_t **ret, struct err *err);
/* The arg is the domain's name. */
int inside_virsh_call(void *domain, const char *command, uint64_t deadline_ns, json_t **ret, struct err *err);

#endif
