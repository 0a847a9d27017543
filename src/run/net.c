/* SPDX-License-Identifier: Apache-2.0 */
/* net - the wire of a run: the same datapaths as a measurement's, with nobody measuring at the other end. */
#include <errno.h>

#include "base/text.h"
#include "net/datapath.h"
#include "run/parts.h"

/* Without a device of the host the far end is a namespace, from which the workload can be reached. */
static void describe(struct run *run, const struct datapath_wish *wish)
{
	struct run_record *r = &run->record;
	char text[DATAPATH_TEXT_MAX];

	text_print(r->datapath, sizeof(r->datapath), "%.63s", datapath_text(wish, text));
	if (run->wire.peer_ns >= 0)
		text_print(r->address, sizeof(r->address), "%s in netns vlat-%s-p", WIRE_SUT_ADDRESS, journal_run(run->journal));
}

int run_wire(struct run *run, enum wire_sut kind, struct err *err)
{
	struct datapath_wish wish;
	int r;

	if (!run->spec->net)
		return 0;
	r = datapath_parse(run->spec->net, &wish, err);
	if (r == 0)
		r = datapath_fits(wish.kind, kind, err);
	if (r < 0)
		return err_in(err, "--net");
	if (wish.kind == DATAPATH_HOST) {
		text_print(run->record.datapath, sizeof(run->record.datapath), "host");
		return 0;
	}
	if (wish.dev[0] && wish.peer == PEER_AUTO)
		wish.peer = PEER_NONE;
	r = datapath_available(&run->fs, &wish, kind, err);
	if (r == 0)
		r = wire_make_over(&run->wire, run->journal, kind, &wish, err);
	if (r < 0)
		return err_in(err, "--net %.60s", run->spec->net);
	run->wired = true;
	describe(run, &wish);
	return 0;
}
