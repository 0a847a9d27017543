/* SPDX-License-Identifier: Apache-2.0 */
/* internal - making profiles; private to this room. */
#ifndef PROFILE_INTERNAL_H
#define PROFILE_INTERNAL_H

#include "profile/profile.h"

struct profile *profile_new(void);
/* Both own id. A knob's level is given once: a later one replaces it. */
void profile_add_word(char ***list, size_t *n, char *id);
void profile_add_knob(struct profile *p, char *id, enum level level);
/* Takes the value; what was said of that file before stays when `keep`. */
void profile_add_own(struct profile *p, const struct knob_own *own, bool keep);
/* What `from` says and `to` does not is added to `to`. */
void profile_inherit(struct profile *to, const struct profile *from);

#endif
