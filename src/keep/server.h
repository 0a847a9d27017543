/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server - one page for whoever asks on a unix socket or on the loopback.
 *
 * One thread, a handful of connections at a time, each with a deadline and a
 * bounded request: a slow or hostile client costs the others nothing but a
 * place.  Nobody is let in over a network: only 127.0.0.0/8 and ::1 are bound.
 */
#ifndef KEEP_SERVER_H
#define KEEP_SERVER_H

#include <stdint.h>

#include "base/err.h"

struct server;

/* "unix:/run/vlat/guard.sock" (0660), "127.0.0.1:9091", "[::1]:9091"; port 0 = any free one.  -EINVAL, -EADDRINUSE. */
int server_open(struct server **ret, const char *where, struct err *err);
const char *server_where(const struct server *s); /* with the port it got */
void server_close(struct server *s);              /* accepts NULL; removes the socket's name */

/* Serves page until the time (CLOCK_MONOTONIC) or a wanted stop: 0 or -EINTR. */
int server_serve(struct server *s, const char *page, uint64_t until_ns);

#endif
