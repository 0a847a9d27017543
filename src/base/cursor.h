/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor - parsers that move a cursor past what they took, or return false and
 * move nothing.  They compose with && and never read past the NUL.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

bool take_char(const char **at, char c);
bool take_text(const char **at, const char *literal);
bool take_u64(const char **at, uint64_t *ret);          /* decimal digits */
bool take_hex(const char **at, uint64_t *ret);          /* hex digits without 0x */
bool take_blanks(const char **at);                      /* zero or more blanks and tabs: always true */
bool take_word(const char **at, char *buf, unsigned cap); /* up to a blank or NUL; false when empty or too long */
bool take_line(const char **at, char *buf, unsigned cap); /* up to newline, which is eaten; long lines are cut; false at NUL */

#endif
