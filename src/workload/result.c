/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/result.h"

#include <errno.h>

#include "workload/out.h"
#include "workload/protocol.h"

static double run_seconds(const struct run *run)
{
	return (double) (run->end_ns - run->begin_ns) / 1e9;
}

static double run_bps(const struct run *run)
{
	double up = flow_bps(&run->up), down = flow_bps(&run->down);

	/* Halves of equal length. */
	return run->up.bytes && run->down.bytes ? (up + down) / 2 : up + down;
}

static void put_seconds(struct out *o, const struct recorder *rec)
{
	struct histogram one;
	size_t at = 0;
	const char *comma = "";

	while (recorder_next(rec, &at, &one)) {
		out_printf(o, "%s", comma);
		out_histogram(o, &one);
		comma = ",";
	}
}

static void put_response(struct out *o, const struct run *run, bool with_seconds)
{
	const struct recorder *rec = &run->response;

	if (!rec->arena)
		return;
	out_printf(o, ",\"response\":{\"histogram\":");
	out_histogram(o, &rec->whole);
	out_printf(o, ",\"slice_s\":%llu,\"seconds\":[", (unsigned long long) (rec->slice_ns / 1000000000u));
	if (with_seconds)
		put_seconds(o, rec);
	out_printf(o, "],\"seconds_left_out\":%s}", with_seconds ? "false" : "true");
	if (run->job->rate > 0) {
		out_printf(o, ",\"service\":{\"histogram\":");
		out_histogram(o, &run->service);
		out_printf(o, "}");
	}
}

static void put_flow(struct out *o, const struct flow *f, const char *name)
{
	double to_bps = 8e9 / (double) (f->slice_ns ? f->slice_ns : 1);

	out_printf(o, ",\"%s\":[", name);
	for (uint32_t i = 0; i < f->n; i++)
		out_printf(o, "%s%.0f", i ? "," : "", (double) f->bytes[i] * to_bps);
	out_printf(o, "]");
}

static void put_throughput(struct out *o, const struct run *run)
{
	const struct flow *any = run->up.bytes ? &run->up : &run->down;

	if (!any->bytes)
		return;
	out_printf(o, ",\"throughput\":{\"slice_s\":%.6g", (double) any->slice_ns / 1e9);
	put_flow(o, &run->up, "up_bps");
	put_flow(o, &run->down, "down_bps");
	out_printf(o, "}");
}

static void put_clock(struct out *o, const struct result *res)
{
	const struct ticks *t = &res->run->ticks;

	out_printf(o, ",\"clock\":{\"source\":\"%s\",\"cost_ns\":%.1f,\"drift_ppm\":%.3f,\"why\":", ticks_source(t), t->cost_ns,
		   res->drift_ppm);
	out_quoted(o, t->why);
	out_printf(o, "},\"clocksource\":");
	out_quoted(o, res->clocksource);
}

static void put_attributes(struct out *o, const struct attributes *a)
{
	char cpus[2048];

	out_printf(o, ",\"policy\":\"%s\",\"priority\":%d,\"cpus\":", policy_name(a->policy), a->priority);
	out_quoted(o, cpuset_list(&a->cpus, cpus, sizeof(cpus)));
	out_printf(o, ",\"locked\":%s", a->locked ? "true" : "false");
}

static void put_usage(struct out *o, const struct usage *u)
{
	out_printf(o, ",\"cpu_s\":%.6f,\"context_switches\":{\"voluntary\":%lld,\"involuntary\":%lld}", u->cpu_s,
		   (long long) u->voluntary, (long long) u->involuntary);
	out_printf(o, ",\"major_faults\":%lld,\"minor_faults\":%lld", (long long) u->major_faults, (long long) u->minor_faults);
	if (u->migrations >= 0)
		out_printf(o, ",\"migrations\":%lld", (long long) u->migrations);
	if (u->steal_s >= 0)
		out_printf(o, ",\"steal_s\":%.2f", u->steal_s);
	out_printf(o, ",\"max_rss_bytes\":%llu", (unsigned long long) u->max_rss_bytes);
}

static void put_counts(struct out *o, const struct run *run)
{
	double s = run_seconds(run);

	out_printf(o, ",\"duration_s\":%.9g,\"transactions\":%llu,\"transactions_per_s\":%.9g", s,
		   (unsigned long long) run->transactions, s > 0 ? (double) run->transactions / s : 0);
	out_printf(o, ",\"lost\":%llu,\"late\":%llu,\"unfinished\":%llu,\"strangers\":%llu", (unsigned long long) run->lost,
		   (unsigned long long) run->late, (unsigned long long) run->unfinished, (unsigned long long) run->strangers);
	out_printf(o, ",\"throughput_bps\":%.9g", run_bps(run));
}

static void put_result(struct out *o, const struct result *res, bool with_seconds)
{
	const struct run *run = res->run;
	const struct job *job = run->job;

	out_printf(o, "{\"type\":\"result\",\"id\":\"%s\",\"workload\":\"%s\",\"side\":\"%s\"", job->id, job->workload->name,
		   side_name(job->side));
	put_counts(o, run);
	put_response(o, run, with_seconds);
	put_throughput(o, run);
	if (run->detail && job->workload->put)
		job->workload->put(o, run->detail);
	put_clock(o, res);
	put_attributes(o, &run->attributes);
	put_usage(o, &run->usage);
	out_printf(o, "}");
}

/* An error that keeps what was measured before it. */
static void put_error(struct out *o, const struct result *res, bool with_seconds)
{
	out_printf(o, "{\"type\":\"error\",\"id\":\"%s\",\"code\":%d,\"text\":", res->run->job->id, res->failed->code);
	out_quoted(o, res->failed->text);
	out_printf(o, ",\"partial\":");
	put_result(o, res, with_seconds);
	out_printf(o, "}");
}

static void put_record(struct out *o, const struct result *res, bool with_seconds)
{
	if (res->failed)
		put_error(o, res, with_seconds);
	else
		put_result(o, res, with_seconds);
}

int result_send(int fd, const struct result *res)
{
	struct out o = { .fd = -1 };
	unsigned char head[4];
	bool with_seconds = true;
	size_t n;

	put_record(&o, res, true);
	if (o.total > FRAME_MAX) {
		with_seconds = false;
		o.total = 0;
		put_record(&o, res, false);
	}
	n = o.total;
	head[0] = (unsigned char) (n >> 24);
	head[1] = (unsigned char) (n >> 16);
	head[2] = (unsigned char) (n >> 8);
	head[3] = (unsigned char) n;
	o.fd = fd;
	out_putn(&o, head, sizeof(head));
	put_record(&o, res, with_seconds);
	return out_flush(&o);
}

int result_print(int fd, const struct result *res)
{
	struct out o = { .fd = fd };

	put_record(&o, res, true);
	out_putn(&o, "\n", 1);
	return out_flush(&o);
}
