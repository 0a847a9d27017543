/* SPDX-License-Identifier: Apache-2.0 */
/* http - as much of HTTP/1.x as a scraper of metrics speaks: GET /metrics, one request a connection. */
#ifndef KEEP_HTTP_H
#define KEEP_HTTP_H

#include <stddef.h>

#include "base/sink.h"

#define HTTP_MOST 4096 /* bytes of a request: more is refused */

enum http_verdict {
	HTTP_MORE, /* not whole yet */
	HTTP_METRICS,
	HTTP_BAD,
	HTTP_NOT_FOUND,
	HTTP_NOT_GET,
	HTTP_TOO_LONG,
};

/* Judges what has come so far; the same bytes and more give the same verdict, unless it was HTTP_MORE. */
enum http_verdict http_request(const char *bytes, size_t len);
/* The whole answer; body only with HTTP_METRICS. */
void http_answer(enum http_verdict verdict, const char *body, struct sink *out);

#endif
