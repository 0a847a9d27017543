/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml_line - on which line of a YAML text a value stands.
 *
 * The reader that checks types forgets where a value was; a sentence about a
 * value that makes no sense has to name its line nevertheless.  So the text is
 * walked once more, and a value is named by its path: "blocks", "suts[1]",
 * "workloads[2].interval".
 */
#ifndef STUDY_YAML_LINE_H
#define STUDY_YAML_LINE_H

#include <stddef.h>

/* 1..; 0 = there is no such value before the text's end, or before it stops being YAML. */
unsigned yaml_line_of(const char *text, size_t len, const char *path);

#endif
