/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	snapshot [PATTERN...]                   print one, sorted
 *	snapshot --since FILE [PATTERN...]      print what differs from the one in FILE; exit status 1 when something does.
 *	                                        Waits up to three seconds for what is just going away.
 *	snapshot --at-once FILE [PATTERN...]    the same without waiting
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "snapshot.h"

static int compare(const char *path, unsigned wait_ms, const char *const *patterns)
{
	AUTO_FREE char *text = NULL;
	struct snapshot before;
	struct sink out = { 0 };
	struct err e = { 0 };
	size_t len, n;

	if (file_read_all(path, 64 << 20, &text, &len, &e) < 0) {
		fprintf(stderr, "snapshot: %s\n", e.text);
		return 2;
	}
	snapshot_parse(&before, text);
	n = snapshot_settle(&before, patterns, wait_ms, &out);
	sink_write(&out, STDOUT_FILENO);
	sink_free(&out);
	snapshot_free(&before);
	return n ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct snapshot s;
	int r;

	if (argc > 2 && strcmp(argv[1], "--since") == 0)
		return compare(argv[2], 60000, (const char *const *) argv + 3);
	if (argc > 2 && strcmp(argv[1], "--at-once") == 0)
		return compare(argv[2], 0, (const char *const *) argv + 3);
	if (argc > 1 && argv[1][0] == '-') {
		fprintf(stderr, "usage: snapshot [PATTERN...] | snapshot --since|--at-once FILE [PATTERN...]\n");
		return 2;
	}
	snapshot_take(&s, (const char *const *) argv + 1);
	r = snapshot_save(&s, STDOUT_FILENO);
	snapshot_free(&s);
	return r < 0 ? 2 : 0;
}
