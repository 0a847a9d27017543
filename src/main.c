/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/std_fds.h"
#include "base/stop.h"
#include "cmd/command.h"

int main(int argc, char **argv)
{
	int r = std_fds_open();

	if (r < 0)
		return EXIT_USAGE; /* nobody can be told: there is no standard error */
	/* Letters as the terminal has them, but numbers always with a point. */
	setlocale(LC_CTYPE, "");
	r = stop_install();
	if (r < 0) {
		fprintf(stderr, "vlat: cannot install the handlers of Ctrl-C: %s\n", strerror(-r));
		return EXIT_USAGE;
	}
	r = vlat_main(argc, argv);
	if (fflush(stdout) != 0 && r == EXIT_OK)
		r = EXIT_USAGE;
	return r;
}
