/* SPDX-License-Identifier: Apache-2.0 */
/*
 * std_fds - standard input, output and error are there, whatever the caller left open.
 *
 * A program started with one of them closed (>&-) gives its number to the next
 * file it opens: what it prints then lands in that file.
 */
#ifndef BASE_STD_FDS_H
#define BASE_STD_FDS_H

/*
 * To be called before anything is opened.  What is closed is opened on
 * /dev/null the wrong way round, so that reading or writing it fails and is
 * told, instead of being taken for done.  0 or negative errno.
 */
int std_fds_open(void);

#endif
