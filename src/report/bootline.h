/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootline - what of a kernel's command line goes into a report.
 *
 * A report is made to be shown to others; a command line also holds disk ids,
 * passwords of boot helpers and whatever a provider put there.  So only the
 * parameters that bear on timing are shown, and how many were left out is said.
 */
#ifndef REPORT_BOOTLINE_H
#define REPORT_BOOTLINE_H

/* malloc'ed text, or NULL where the command line is empty. */
char *bootline_public(const char *cmdline);

#endif
