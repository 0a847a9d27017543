/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal_step N: N intents into a journal of VLAT_STATE, one by one as a careful caller writes them: "SECONDS_A_STEP".
 *
 * In a folder in memory fsync() costs nothing, so what is left is what vlat does itself.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "journal/journal.h"

int main(int argc, char **argv)
{
	struct journal *j = NULL;
	struct err err = { 0 };
	uint64_t n, began;
	int r = 0;

	if (argc != 2 || text_u64(argv[1], &n) < 0 || n < 1) {
		fprintf(stderr, "usage: journal_step N\n");
		return 2;
	}
	if (journal_open(&j, "bench", &err) < 0) {
		fprintf(stderr, "journal_step: %s\n", err.text);
		return 1;
	}
	began = clock_ns();
	/* Nothing is written there: undoing finds the value as it was before. */
	for (uint64_t i = 0; r == 0 && i < n; i++)
		r = journal_file(j, "/proc/sys/vm/swappiness", "60", "61", &err);
	printf("%.9f\n", (double) (clock_ns() - began) / 1e9 / (double) n);
	if (journal_close(j, &err) < 0 || r < 0) {
		fprintf(stderr, "journal_step: %s\n", err.text);
		return 1;
	}
	return 0;
}
