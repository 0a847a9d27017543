/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t) ts.tv_sec * NS_PER_S + (uint64_t) ts.tv_nsec;
}

uint64_t clock_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_boot_ns(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

uint64_t clock_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

/* Rounded up: a wait that ends a moment early would spin until the deadline. */
int clock_left_ms(uint64_t deadline_ns)
{
	uint64_t now = clock_ns(), ms;

	if (deadline_ns <= now)
		return 0;
	ms = (deadline_ns - now - 1) / NS_PER_MS + 1;
	return ms > INT_MAX ? INT_MAX : (int) ms;
}

void clock_sleep_ns(uint64_t ns)
{
	uint64_t end = clock_ns() + ns;
	struct timespec ts = { .tv_sec = (time_t) (end / NS_PER_S), .tv_nsec = (long) (end % NS_PER_S) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

char *clock_stamp(char buf[32])
{
	time_t now = time(NULL);
	struct tm tm;

	if (!gmtime_r(&now, &tm) || strftime(buf, 32, "%Y-%m-%dT%H-%M-%S", &tm) == 0)
		snprintf(buf, 32, "no-time");
	return buf;
}
