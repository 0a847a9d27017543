/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/http.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

/* The end of the head: an empty line, with or without carriage returns. */
static bool is_whole(const char *bytes, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (bytes[i] != '\n')
			continue;
		if (bytes[i + 1] == '\n' || (i + 2 < len && bytes[i + 1] == '\r' && bytes[i + 2] == '\n'))
			return true;
	}
	return false;
}

static bool is_target(const char *at, size_t n)
{
	static const char path[] = "/metrics";
	size_t len = strlen(path);

	return n >= len && memcmp(at, path, len) == 0 && (n == len || at[len] == '?');
}

static bool is_version(const char *at, const char *end)
{
	static const char major[] = "HTTP/1.";
	size_t n = strlen(major);

	return (size_t) (end - at) == n + 1 && memcmp(at, major, n) == 0 && at[n] >= '0' && at[n] <= '9';
}

/* METHOD SP TARGET SP HTTP/1.x */
static enum http_verdict judge_line(const char *line, const char *end)
{
	const char *target, *version;

	if (end > line && end[-1] == '\r')
		end--;
	for (const char *c = line; c < end; c++)
		if (*c < ' ' || *c > '~')
			return HTTP_BAD;
	target = memchr(line, ' ', (size_t) (end - line));
	if (!target || target++ == line || target == end || *target != '/')
		return HTTP_BAD;
	version = memchr(target, ' ', (size_t) (end - target));
	if (!version || !is_version(version + 1, end))
		return HTTP_BAD;
	if ((size_t) (target - line) != strlen("GET ") || memcmp(line, "GET ", strlen("GET ")) != 0)
		return HTTP_NOT_GET;
	return is_target(target, (size_t) (version - target)) ? HTTP_METRICS : HTTP_NOT_FOUND;
}

enum http_verdict http_request(const char *bytes, size_t len)
{
	size_t seen = len < HTTP_MOST ? len : HTTP_MOST;
	const char *newline;

	if (!is_whole(bytes, seen))
		return len >= HTTP_MOST ? HTTP_TOO_LONG : HTTP_MORE;
	newline = memchr(bytes, '\n', seen);
	return judge_line(bytes, newline);
}

void http_answer(enum http_verdict verdict, const char *body, struct sink *out)
{
	static const struct {
		const char *status, *text;
	} answers[] = {
		[HTTP_MORE] = { "408 Request Timeout", "the request did not come in time\n" },
		[HTTP_METRICS] = { "200 OK", NULL },
		[HTTP_BAD] = { "400 Bad Request", "this is no HTTP/1 request\n" },
		[HTTP_NOT_FOUND] = { "404 Not Found", "there is only /metrics here\n" },
		[HTTP_NOT_GET] = { "405 Method Not Allowed", "only GET is answered\n" },
		[HTTP_TOO_LONG] = { "431 Request Header Fields Too Large", "the request is too long\n" },
	};
	const char *text = verdict == HTTP_METRICS ? body : answers[verdict].text;

	sink_printf(out, "HTTP/1.1 %s\r\n", answers[verdict].status);
	sink_printf(out, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
	sink_printf(out, "Content-Length: %zu\r\n%sConnection: close\r\n\r\n", strlen(text),
		    verdict == HTTP_NOT_GET ? "Allow: GET\r\n" : "");
	sink_put(out, text);
}
