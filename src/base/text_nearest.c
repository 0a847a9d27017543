/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "did you mean": the name at the least edit distance (insert, delete,
 * replace, or swap of two neighbours: Damerau 1964, the restricted form), if
 * that distance is small against the word.  A word that begins a name, or
 * that a name begins, counts as near too: "rep" means "report".
 */
#include <string.h>

#include "base/text.h"

#define LONGEST 64

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Both at most LONGEST bytes. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned row[LONGEST + 1][LONGEST + 1];

	for (size_t i = 0; i <= n; i++)
		row[i][0] = (unsigned) i;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = (unsigned) j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			unsigned d = row[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			d = least(d, least(row[i - 1][j], row[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d = least(d, row[i - 2][j - 2] + 1);
			row[i][j] = d;
		}
	}
	return row[n][m];
}

const char *text_nearest(const char *word, const char *const *names, size_t n)
{
	size_t len = strlen(word);
	unsigned best = (unsigned) (len / 3 + 1) + 1; /* one third of the letters wrong, and one */
	const char *found = NULL;

	if (len == 0 || len > LONGEST)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t m = strlen(names[i]);
		unsigned d;

		if (m == 0 || m > LONGEST)
			continue;
		d = distance(word, len, names[i], m);
		if (d >= least(best, (unsigned) (m > len ? m : len)) && len >= 2 && text_starts(names[i], word))
			d = best - 1; /* the beginning of a name: as good as the worst match that is offered */
		if (d < best && d < m) {
			best = d;
			found = names[i];
		}
	}
	return found;
}
