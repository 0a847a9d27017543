/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest - the built-in guest: long mode, one flat address space, a program for
 * each price.  Pure: bytes are laid into memory that somebody else gives to KVM.
 */
#ifndef KVM_GUEST_H
#define KVM_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kvm/price.h"

/* Guest-physical addresses, mapped one to one. */
#define GUEST_BYTES   0x40000u
#define GUEST_PML4    0x1000u
#define GUEST_PDPT    0x2000u
#define GUEST_PD      0x3000u
#define GUEST_GDT     0x4000u
#define GUEST_IDT     0x5000u
#define GUEST_HANDLER 0x6000u           /* of the timer; the IPI's is 0x100 behind */
#define GUEST_CODE    0x8000u
#define GUEST_CODE_2  0x9000u           /* of the second vCPU */
#define GUEST_STACK   0x10000u          /* grows down */
#define GUEST_STACK_2 0x12000u
#define GUEST_SAMPLES 0x20000u          /* 64-bit TSC ticks each */
#define GUEST_COUNTER 0x30000u          /* IPIs taken */
#define GUEST_READY   0x30008u          /* the second vCPU takes interrupts */
#define GUEST_MMIO    0x10000000u       /* in the page tables, but no memory: a device's register */

#define GUEST_PORT_PRICE 0xf5           /* the port whose writes are measured */
#define GUEST_PORT_DONE  0xf4           /* written when a program is over */
#define GUEST_CS 0x08
#define GUEST_DS 0x10

/* Tables, descriptors and interrupt handlers. */
void guest_lay(unsigned char *memory);
/*
 * The program of a price, at GUEST_CODE (and GUEST_CODE_2).  It starts with
 * R8 = samples, R10 = ticks of price_row.wait_us, RDI = GUEST_SAMPLES.
 */
void guest_program(unsigned char *memory, enum price p, bool amd);

#endif
