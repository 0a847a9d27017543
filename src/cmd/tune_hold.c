/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tune_hold.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "run/hold.h"
#include "study/leftovers.h"
#include "study/machine_lock.h"

#define PATIENCE_NS (10 * NS_PER_S) /* for a study to end */

/* No study may be measuring while settings change under it; once they are held, one may. */
static int begin(void *arg, int *ret_fd, struct err *err)
{
	int r = machine_lock_within(ret_fd, PATIENCE_NS, err);

	(void) arg;
	return r < 0 ? r : leftovers_clear(err);
}

int tune_hold(struct plan *p, const char *profile, char run[16], struct sink *out, struct err *err)
{
	const struct hold_wish wish = { .profile = profile, .plan = p, .begin = begin };
	AUTO(hold_up_free) struct hold_up up = { 0 };
	int r = hold_start(&wish, &up, err);

	if (r < 0)
		return r;
	text_print(run, 16, "%s", up.pool.run);
	sink_put(out, up.text);
	return 0;
}

int tune_release(const char *run, struct err *err)
{
	return hold_release(run, err);
}
