/* SPDX-License-Identifier: Apache-2.0 */
/* sriov_ask - the port's driver asked by rtnetlink; arg = int *, the namespace of its netdev, -1 = this one. */
#ifndef NET_SRIOV_ASK_H
#define NET_SRIOV_ASK_H

#include "net/sriov.h"

extern const struct sriov_ops sriov_rtnetlink;

#endif
