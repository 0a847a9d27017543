/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "fake_agent.h"
#include "sut/pair.h"

/* A server and a client that answer from their lists, and what they were told. */
struct scene {
	struct fake_agent server_end, client_end;
	struct pair pair;
	struct measurement got;
	struct err err;
	int r;
};

static struct agent *meet(struct fake_agent *f, const char *who, const struct reply *replies, size_t n)
{
	fake_start(f, replies, n);
	return agent_open(&(struct agent_opts){ .who = who, .to = f->client_fd, .from = f->client_fd });
}

static struct job quick_job(const char *id)
{
	struct job job = JOB_INIT;

	text_print(job.id, sizeof(job.id), "%s", id);
	job.workload = workload_find("tcp-rr");
	job.duration_s = 0.01;
	job.warmup_s = 0;
	return job;
}

static void play(struct scene *s, const struct reply *server, size_t n_server, const struct reply *client, size_t n_client)
{
	if (n_server)
		s->pair.server = meet(&s->server_end, "the server", server, n_server);
	s->pair.client = meet(&s->client_end, "the client", client, n_client);
	s->pair.server_job = s->pair.client_job = quick_job("7");
	s->pair.server_job.side = SIDE_SERVER;
	s->pair.client_job.side = SIDE_CLIENT;
	text_print(s->pair.client_job.peer, sizeof(s->pair.client_job.peer), "198.18.0.2");
	s->r = pair_run(&s->pair, &s->got, &s->err);
	agent_bye(s->pair.client);
	fake_join(&s->client_end);
	if (n_server) {
		agent_bye(s->pair.server);
		fake_join(&s->server_end);
	}
}

static void end(struct scene *s)
{
	agent_close(s->pair.client);
	fake_free(&s->client_end);
	if (s->pair.server) {
		agent_close(s->pair.server);
		fake_free(&s->server_end);
	}
	measurement_free(&s->got);
}

static const struct reply good_server[] = {
	{ .to = "job", .json = "{\"type\":\"listening\",\"port\":20077}" },
	{ .to = "stop", .json = "{\"type\":\"result\",\"id\":\"7\",\"side\":\"server\"}" },
};

static void test_both_records(void **state)
{
	static const struct reply client[] = {
		{ .to = "job", .json = "{\"type\":\"result\",\"id\":\"6\",\"late\":true}" }, /* of an earlier job */
		{ .to = "job", .json = "{\"type\":\"progress\",\"done_s\":1.0,\"total_s\":2.0}" },
		{ .to = "job", .json = "{\"type\":\"result\",\"id\":\"7\",\"side\":\"client\"}" },
	};
	struct scene s = { 0 };
	const char *token;

	(void) state;
	play(&s, good_server, ARRAY_SIZE(good_server), client, ARRAY_SIZE(client));
	assert_int_equal(s.r, 0);
	assert_string_equal(json_string_value(json_object_get(s.got.client, "side")), "client");
	assert_string_equal(json_string_value(json_object_get(s.got.server, "side")), "server");
	/* Both were shown the same fresh token; the client learnt the port. */
	token = json_string_value(json_object_get(fake_order(&s.server_end, "job", 0), "token"));
	assert_int_equal(strlen(token), 2 * TOKEN_BYTES);
	assert_int_not_equal(strspn(token, "0"), 2 * TOKEN_BYTES);
	assert_string_equal(token, json_string_value(json_object_get(fake_order(&s.client_end, "job", 0), "token")));
	assert_int_equal(json_integer_value(json_object_get(fake_order(&s.client_end, "job", 0), "port")), 20077);
	end(&s);
}

static void count_progress(void *arg, double done_s, double total_s)
{
	*(double *) arg += total_s - done_s;
}

static void test_progress_is_told(void **state)
{
	static const struct reply client[] = {
		{ .to = "job", .json = "{\"type\":\"progress\",\"done_s\":0.5,\"total_s\":2}" },
		{ .to = "job", .json = "{\"type\":\"result\",\"id\":\"7\"}" },
	};
	struct scene s = { 0 };
	double left = 0;

	(void) state;
	s.pair.progress.tell = count_progress;
	s.pair.progress.arg = &left;
	play(&s, NULL, 0, client, ARRAY_SIZE(client));
	assert_int_equal(s.r, 0);
	assert_null(s.got.server);
	assert_true(left > 1.49 && left < 1.51);
	end(&s);
}

/* The client's job fails: the server is stopped and drained, both take the next job. */
static void test_client_error_stops_the_server(void **state)
{
	static const struct reply client[] = {
		{ .to = "job", .json = "{\"type\":\"error\",\"code\":111,\"text\":\"nobody listens\"}" },
	};
	struct scene s = { 0 };

	(void) state;
	play(&s, good_server, ARRAY_SIZE(good_server), client, ARRAY_SIZE(client));
	assert_int_equal(s.r, -ECONNREFUSED);
	assert_string_equal(s.err.text, "the client: nobody listens");
	assert_non_null(fake_order(&s.server_end, "stop", 0));
	assert_true(agent_usable(s.pair.server));
	assert_true(agent_usable(s.pair.client));
	assert_null(s.got.client);
	end(&s);
}

static void test_server_error_stops_the_client(void **state)
{
	static const struct reply server[] = {
		{ .to = "job", .json = "{\"type\":\"listening\",\"port\":20077}" },
		{ .to = "job", .json = "{\"type\":\"error\",\"code\":32,\"text\":\"the client went away\"}" },
	};
	static const struct reply client[] = {
		{ .to = "stop", .json = "{\"type\":\"error\",\"code\":125,\"text\":\"stopped\"}" },
	};
	struct scene s = { 0 };

	(void) state;
	play(&s, server, ARRAY_SIZE(server), client, ARRAY_SIZE(client));
	assert_int_equal(s.r, -EPIPE);
	assert_string_equal(s.err.text, "the server: the client went away");
	assert_non_null(fake_order(&s.client_end, "stop", 0));
	assert_true(agent_usable(s.pair.client));
	end(&s);
}

/* A server that dies ends the client's wait at once, long before the job's deadline. */
static void test_server_death(void **state)
{
	static const struct reply server[] = {
		{ .to = "job", .json = "{\"type\":\"listening\",\"port\":20077}" },
		{ .to = "job", .hang_up = true },
	};
	static const struct reply client[] = { { .to = "never" } };
	struct scene s = { 0 };

	(void) state;
	play(&s, server, ARRAY_SIZE(server), client, ARRAY_SIZE(client));
	assert_int_equal(s.r, -EPIPE);
	assert_non_null(strstr(s.err.text, "the server ended"));
	assert_false(agent_usable(s.pair.server));
	end(&s);
}

static void test_server_that_cannot_listen(void **state)
{
	static const struct reply server[] = {
		{ .to = "job", .json = "{\"type\":\"error\",\"code\":98,\"text\":\"port 20000 is taken\"}" },
	};
	static const struct reply client[] = { { .to = "never" } };
	struct scene s = { 0 };

	(void) state;
	play(&s, server, ARRAY_SIZE(server), client, ARRAY_SIZE(client));
	assert_int_equal(s.r, -EADDRINUSE);
	assert_null(fake_order(&s.client_end, "job", 0)); /* the client was never bothered */
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_records),
		cmocka_unit_test(test_progress_is_told),
		cmocka_unit_test(test_client_error_stops_the_server),
		cmocka_unit_test(test_server_error_stops_the_client),
		cmocka_unit_test(test_server_death),
		cmocka_unit_test(test_server_that_cannot_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
