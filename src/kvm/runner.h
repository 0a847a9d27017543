/* SPDX-License-Identifier: Apache-2.0 */
/* runner - the child's side: a machine, and a round of prices for every byte that comes. */
#ifndef KVM_RUNNER_H
#define KVM_RUNNER_H

#include "kvm/exits.h"

/* In the child, after fork(): answers 'o' (opened or failed), then 'd' to every 'r'; ends with the line. */
_Noreturn void runner_main(struct exits_shared *shared, int line, unsigned prices);

#endif
