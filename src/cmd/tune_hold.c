/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tune_hold.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/plug_watch.h"
#include "keep/unit.h"
#include "study/leftovers.h"
#include "study/machine_lock.h"

#define PATIENCE_NS (10 * NS_PER_S) /* for a study to end */

/* No study may be measuring while settings change under it; once they are held, one may. */
static int begin(void *arg, int *ret_fd, struct err *err)
{
	int r = machine_lock_within(ret_fd, PATIENCE_NS, err);

	(void) arg;
	return r == 0 ? leftovers_clear(err) : r;
}

int tune_hold(struct plan *p, const char *profile, const struct hold_clock *clock, char run[16], struct sink *out,
	      struct err *err)
{
	struct plug_watch plug;
	const struct hold_wish wish = { .profile = profile, .plan = p, .begin = begin, .watch = &plug.watch, .clock = clock };
	AUTO(hold_up_free) struct hold_up up = { 0 };
	int r;

	plug_watch_init(&plug);
	r = hold_start(&wish, &up, err);
	if (r < 0)
		return r;
	text_print(run, 16, "%s", up.pool.run);
	sink_put(out, up.text);
	return 0;
}

static void is_up(void *arg, const struct hold_up *up)
{
	int r = unit_notify("READY=1");

	(void) arg;
	if (r < 0)
		log_warn("the service manager cannot be told: %s", strerror(-r));
	log_note("in force as run %s", up->pool.run);
}

int tune_hold_here(struct plan *p, const char *profile, struct err *err)
{
	struct plug_watch plug;
	const struct hold_wish wish = { .profile = profile, .plan = p, .begin = begin, .watch = &plug.watch };

	plug_watch_init(&plug);
	return hold_here(&wish, is_up, NULL, err);
}

int tune_release(const char *run, struct err *err)
{
	return hold_release(run, err);
}
