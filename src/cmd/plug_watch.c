/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/plug_watch.h"

static int watch_open(void *arg, const struct hold_now *now, int *ret_fd, struct err *err)
{
	struct plug_watch *w = arg;

	return hotplug_open(&w->hotplug, now->plan, ret_fd, err);
}

static int watch_tick(void *arg, const struct hold_now *now, bool readable)
{
	const struct plug_watch *w = arg;

	return hotplug_tick(w->hotplug, now->plan, readable);
}

static void watch_close(void *arg)
{
	const struct plug_watch *w = arg;

	hotplug_close(w->hotplug);
}

void plug_watch_init(struct plug_watch *w)
{
	*w = (struct plug_watch){
		.watch = { .open = watch_open, .tick = watch_tick, .close = watch_close, .arg = w },
	};
}
