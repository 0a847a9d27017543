/* SPDX-License-Identifier: Apache-2.0 */
/* audit_text - an audit for people: ranked, each finding with why, cost and cure. */
#ifndef CMD_AUDIT_TEXT_H
#define CMD_AUDIT_TEXT_H

#include "audit/audit.h"
#include "cmd/term.h"

void audit_text(const struct audit *a, bool only_findings, const struct term *t, struct sink *out);
/* The same without its head, and without a word of what vlat would change here: one part of several. */
void audit_text_part(const struct audit *a, bool only_findings, const struct term *t, struct sink *out);
/* Everything that is known of the one knob that was asked for. */
void audit_explain(const struct audit *a, const struct term *t, struct sink *out);

#endif
