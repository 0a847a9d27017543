/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role - what a machine's CPUs are for, and what a knob should be in each role.
 *
 * A want is a text: a literal value ("0"), alternatives ("madvise|never"),
 * bounds (">=10", "<=16"), a negation ("!off"), or CPUs: "@house" and "@iso"
 * stand for the housekeeping and the isolated ones, ">=@iso" for "at least
 * these", "<=@house" for "no others", "^@iso" for "none of these".  "*" leaves the judgement to the knob's
 * own rows or code, "?" only shows the value.  NULL: left alone in that role.
 */
#ifndef KNOB_ROLE_H
#define KNOB_ROLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/value.h"

enum role { ROLE_VM_HOST, ROLE_CONTAINER_HOST, ROLE_GUEST, ROLE_REALTIME, ROLE_COUNT };

extern const char *const role_names[ROLE_COUNT + 1]; /* "vm-host", ...; NULL at the end */
bool role_parse(const char *name, enum role *ret);

/* effect: how much it is expected to matter, 0 (for information) to 9 (milliseconds, often). */
struct role_want {
	const char *want;
	unsigned effect;
};

enum severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH };
enum severity severity_of(unsigned effect);
const char *severity_name(enum severity s);

/* `want` without "@": the text of what is, held against it. */
bool want_met(enum value_form form, const char *now, const char *want);
/* For people: "at least 10", "madvise or never", "not off". */
char *want_words(const char *want, char *buf, size_t cap);
/* One value that meets it, to write: the first alternative, the bound; "" when there is none ("!off"). */
char *want_literal(const char *want, char *buf, size_t cap);

#endif
