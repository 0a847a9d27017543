/* SPDX-License-Identifier: Apache-2.0 */
/* The guard's few words of HTTP, and its server: one page, bounded requests, nobody from elsewhere. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "keep/http.h"
#include "keep/server.h"

static void requests_are_judged(void **state)
{
	static const struct {
		const char *text;
		enum http_verdict verdict;
	} cases[] = {
		{ "", HTTP_MORE },
		{ "GET /metrics HTTP/1.1\r\n", HTTP_MORE },
		{ "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", HTTP_METRICS },
		{ "GET /metrics HTTP/1.0\n\n", HTTP_METRICS },
		{ "GET /metrics?name=x HTTP/1.1\r\n\r\nbody", HTTP_METRICS },
		{ "GET / HTTP/1.1\r\n\r\n", HTTP_NOT_FOUND },
		{ "GET /metricsx HTTP/1.1\r\n\r\n", HTTP_NOT_FOUND },
		{ "GET /../metrics HTTP/1.1\r\n\r\n", HTTP_NOT_FOUND },
		{ "POST /metrics HTTP/1.1\r\n\r\n", HTTP_NOT_GET },
		{ "get /metrics HTTP/1.1\r\n\r\n", HTTP_NOT_GET },
		{ "GETT /metrics HTTP/1.1\r\n\r\n", HTTP_NOT_GET },
		{ "GET /metrics HTTP/2.0\r\n\r\n", HTTP_BAD },
		{ "GET /metrics\r\n\r\n", HTTP_BAD },
		{ "GET metrics HTTP/1.1\r\n\r\n", HTTP_BAD },
		{ "GET /metrics HTTP/1.1 \r\n\r\n", HTTP_BAD },
		{ "GET /met\trics HTTP/1.1\r\n\r\n", HTTP_BAD },
		{ " /metrics HTTP/1.1\r\n\r\n", HTTP_BAD },
		{ "\r\n\r\n", HTTP_BAD },
	};
	char flood[HTTP_MOST + 1];

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum http_verdict got = http_request(cases[i].text, strlen(cases[i].text));

		if (got != cases[i].verdict)
			fail_msg("%s: %d, not %d", cases[i].text, (int) got, (int) cases[i].verdict);
	}
	memset(flood, 'a', sizeof(flood));
	assert_int_equal(http_request(flood, HTTP_MOST - 1), HTTP_MORE);
	assert_int_equal(http_request(flood, HTTP_MOST), HTTP_TOO_LONG);
}

static void answers_are_whole(void **state)
{
	struct sink out = { 0 };

	(void) state;
	http_answer(HTTP_METRICS, "a 1\n", &out);
	assert_non_null(strstr(out.text, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(out.text, "Content-Length: 4\r\n"));
	assert_true(text_ends(out.text, "\r\n\r\na 1\n"));
	sink_free(&out);
	http_answer(HTTP_NOT_GET, "a 1\n", &out);
	assert_non_null(strstr(out.text, "Allow: GET\r\n"));
	assert_null(strstr(out.text, "a 1"));
	sink_free(&out);
}

static void only_this_machine_is_served(void **state)
{
	static const char *const bad[] = { "0.0.0.0:1234",
					   "192.168.1.1:80",
					   "[::]:80",
					   "localhost:80",
					   "127.0.0.1",
					   "127.0.0.1:",
					   "127.0.0.1:65536",
					   ":80",
					   "unix:relative",
					   "unix:",
					   "",
					   "127.0.0.1:80:80" };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct server *s = NULL;
		struct err err = { 0 };

		if (server_open(&s, bad[i], &err) != -EINVAL)
			fail_msg("%s was not refused", bad[i]);
		assert_non_null(strstr(err.text, "127.0.0.1:PORT"));
	}
}

/* ---- a server in a thread, asked over real sockets ---- */

struct serving {
	struct server *server;
	pthread_t thread;
	uint64_t until_ns;
};

static void *serve(void *arg)
{
	struct serving *s = arg;

	server_serve(s->server, "vlat_x 1\n", s->until_ns);
	return NULL;
}

static void begin(struct serving *s, const char *where, uint64_t for_ns)
{
	struct err err = { 0 };

	if (server_open(&s->server, where, &err) < 0)
		fail_msg("%s", err.text);
	s->until_ns = clock_ns() + for_ns;
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void end(struct serving *s)
{
	pthread_join(s->thread, NULL);
	server_close(s->server);
}

static int dial_port(const char *where)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	uint64_t port;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(text_u64(strrchr(where, ':') + 1, &port), 0);
	a.sin_port = htons((uint16_t) port);
	assert_int_equal(connect(fd, (struct sockaddr *) &a, sizeof(a)), 0);
	return fd;
}

static int dial_path(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	text_print(a.sun_path, sizeof(a.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *) &a, sizeof(a)), 0);
	return fd;
}

/* Until the server ends the connection. */
static char *converse(int fd, const char *request)
{
	struct sink all = { 0 };
	char buf[512];
	ssize_t n;

	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		sink_putn(&all, buf, (size_t) n);
	close(fd);
	return all.text ? all.text : xstrdup("");
}

static void a_port_is_served(void **state)
{
	struct serving s;
	AUTO_FREE char *answer = NULL, *other = NULL;
	int idle;

	(void) state;
	begin(&s, "127.0.0.1:0", 2 * NS_PER_S);
	idle = dial_port(server_where(s.server)); /* says nothing, and is in nobody's way */
	answer = converse(dial_port(server_where(s.server)), "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_true(text_ends(answer, "\r\n\r\nvlat_x 1\n"));
	other = converse(dial_port(server_where(s.server)), "DELETE /metrics HTTP/1.1\r\n\r\n");
	assert_true(text_starts(other, "HTTP/1.1 405 "));
	close(idle);
	end(&s);
}

static void a_unix_socket_is_its_groups(void **state)
{
	char dir[] = "/tmp/vlat-unit-XXXXXX";
	AUTO_FREE char *path = NULL, *where = NULL, *answer = NULL;
	struct server *second = NULL;
	struct err err = { 0 };
	struct serving s;
	struct stat st;

	(void) state;
	assert_non_null(mkdtemp(dir));
	path = xprintf("%s/guard.sock", dir);
	where = xprintf("unix:%s", path);
	begin(&s, where, 2 * NS_PER_S);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	answer = converse(dial_path(path), "GET /metrics HTTP/1.1\r\n\r\n");
	assert_true(text_ends(answer, "\r\n\r\nvlat_x 1\n"));
	assert_int_equal(server_open(&second, where, &err), -EADDRINUSE);
	end(&s);
	assert_int_equal(access(path, F_OK), -1);
	dir_remove_all(dir);
}

static void what_a_dead_one_left_is_taken_over(void **state)
{
	char dir[] = "/tmp/vlat-unit-XXXXXX";
	AUTO_FREE char *where = NULL;
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct server *s = NULL;
	struct err err = { 0 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void) state;
	assert_non_null(mkdtemp(dir));
	text_print(a.sun_path, sizeof(a.sun_path), "%s/guard.sock", dir);
	where = xprintf("unix:%s", a.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *) &a, sizeof(a)), 0);
	close(fd); /* its name stays */
	if (server_open(&s, where, &err) < 0)
		fail_msg("%s", err.text);
	server_close(s);
	assert_int_equal(file_write_atomic(a.sun_path, "mine", 4, 0600, &err), 0);
	assert_int_equal(server_open(&s, where, &err), -EEXIST); /* a file of somebody's stays */
	assert_int_equal(access(a.sun_path, F_OK), 0);
	dir_remove_all(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_judged),         cmocka_unit_test(answers_are_whole),
		cmocka_unit_test(only_this_machine_is_served), cmocka_unit_test(a_port_is_served),
		cmocka_unit_test(a_unix_socket_is_its_groups), cmocka_unit_test(what_a_dead_one_left_is_taken_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
