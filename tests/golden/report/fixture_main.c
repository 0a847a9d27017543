/* SPDX-License-Identifier: Apache-2.0 */
/* report-fixture NAME DIR: write one fixture's results folder. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

int main(int argc, char **argv)
{
	const struct fixture *f = argc == 3 ? fixture_find(argv[1]) : NULL;
	int r;

	if (!f) {
		fprintf(stderr, "usage: report-fixture NAME DIR; NAME is");
		for (size_t i = 0; i < n_fixtures; i++)
			fprintf(stderr, " %s", fixtures[i].name);
		fprintf(stderr, "\n");
		return 2;
	}
	r = fixture_write(f, argv[2]);
	if (r < 0)
		fprintf(stderr, "report-fixture: cannot write %s: %s\n", argv[2], strerror(-r));
	return r < 0;
}
