/* SPDX-License-Identifier: Apache-2.0 */
/* init - the agent as the first process of a virtual machine. */
#ifndef AGENT_INIT_H
#define AGENT_INIT_H

/* Mounts, modules, control port, session; then the power goes off.  Does not return. */
_Noreturn void init_run(void);

#endif
