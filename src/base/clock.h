/* SPDX-License-Identifier: Apache-2.0 */
/* clock - CLOCK_MONOTONIC nanoseconds, and deadlines in it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull
#define NS_PER_US 1000ull

uint64_t clock_ns(void);                        /* CLOCK_MONOTONIC */
uint64_t clock_boot_ns(void);                   /* CLOCK_BOOTTIME: goes on while the machine is suspended */
uint64_t clock_wall_ns(void);                   /* CLOCK_REALTIME */
int clock_left_ms(uint64_t deadline_ns);        /* for poll(2): 0 when past, rounded up, at most INT_MAX */
void clock_sleep_ns(uint64_t ns);
char *clock_stamp(char buf[32]);                /* "2026-11-22T16-40-00", UTC now: safe in file names */

#endif
