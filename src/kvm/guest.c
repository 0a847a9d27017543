/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every program is: begin stamp, what is priced, end stamp, difference stored,
 * round again, and a write to the port that says that it is over.
 *
 *	again:	[pause]
 *		R9 = TSC
 *		what is priced
 *		RAX = TSC, or what the interrupt handler left in RBX
 *		[RDI] = RAX - R9;  RDI += 8
 *		dec R8; jnz again
 *		out DONE
 *
 * An lfence before each rdtsc waits until all before it is over.  The timer's
 * programs put the deadline into R9, so what they store is the lateness.
 * Interrupts are open only while a program waits for one; it then expects
 * nothing in RAX, RCX, RDX, which is why the handlers save nothing.
 *
 * Encodings: Intel 64 and IA-32 Architectures Software Developer's Manual,
 * volume 2; x2APIC registers as MSRs 0x800 + offset/16: volume 3, 11.12;
 * TSC-deadline mode: 11.5.4.1.
 */
#include "kvm/guest.h"

#include <string.h>

const struct price_row price_rows[PRICE_KINDS] = {
	[PRICE_LOOP] = { .name = "loop", .what = "a turn of a loop: no exit, the CPU itself", .samples = 64, .divide = 1000 },
	[PRICE_STAMP] = { .name = "stamp", .what = "two stamps and nothing between: no exit, part of every price below",
			  .samples = 256 },
	[PRICE_CPUID] = { .name = "cpuid", .what = "CPUID: an exit that the kernel answers", .samples = 256 },
	[PRICE_HYPERCALL] = { .name = "hypercall", .what = "a hypercall that KVM does not know", .samples = 256 },
	[PRICE_PORT] = { .name = "port", .what = "a byte written to an I/O port that user space serves", .samples = 256,
			 .outside = true },
	[PRICE_MMIO] = { .name = "mmio", .what = "a word written to a register that user space serves", .samples = 256,
			 .outside = true },
	[PRICE_TIMER] = { .name = "timer", .what = "how late a timer interrupt comes while the guest runs", .samples = 64,
			  .wait_us = 50, .apic = true },
	[PRICE_HALT_SHORT] = { .name = "halt-short", .what = "how late a timer wakes a vCPU halted for 50 us: KVM may be polling",
			       .samples = 64, .wait_us = 50, .apic = true },
	[PRICE_HALT] = { .name = "halt", .what = "how late a timer wakes a vCPU halted for 1 ms", .samples = 16, .wait_us = 1000,
			 .apic = true },
	[PRICE_IPI] = { .name = "ipi", .what = "an interrupt to a vCPU that runs, until its handler has run", .samples = 128,
			.apic = true, .second = true },
	[PRICE_IPI_HALTED] = { .name = "ipi-halted", .what = "an interrupt to a vCPU that is halted, until its handler has run",
			       .samples = 64, .wait_us = 50, .apic = true, .second = true },
};

enum { VECTOR_TIMER = 0x40, VECTOR_IPI = 0x41, IPI_HANDLER = GUEST_HANDLER + 0x100 };
enum { MSR_TSC_DEADLINE = 0x6e0, MSR_EOI = 0x80b, MSR_SVR = 0x80f, MSR_ICR = 0x830, MSR_LVT_TIMER = 0x832 };

/* ---- tables ---- */

static void put64(unsigned char *memory, uint32_t at, uint64_t value)
{
	memcpy(memory + at, &value, sizeof(value));
}

/* One gigabyte in pages of 2 MB: present, writable, large. */
static void lay_pages(unsigned char *memory)
{
	put64(memory, GUEST_PML4, GUEST_PDPT | 3);
	put64(memory, GUEST_PDPT, GUEST_PD | 3);
	for (uint32_t i = 0; i < 512; i++)
		put64(memory, GUEST_PD + 8 * i, (uint64_t) i << 21 | 0x83);
}

/* A 64-bit interrupt gate: selector, present, type 14, and the handler in three pieces. */
static void lay_gate(unsigned char *memory, unsigned vector, uint32_t handler)
{
	put64(memory, GUEST_IDT + 16 * vector,
	      (handler & 0xffff) | (uint64_t) GUEST_CS << 16 | 0x8e00ull << 32 | (uint64_t) (handler >> 16) << 48);
	put64(memory, GUEST_IDT + 16 * vector + 8, 0);
}

/* ---- instructions ---- */

struct code {
	unsigned char *at;
};

#define EMIT(c, ...) emit(c, (const unsigned char[]){ __VA_ARGS__ }, sizeof((const unsigned char[]){ __VA_ARGS__ }))

static void emit(struct code *c, const unsigned char *bytes, size_t n)
{
	memcpy(c->at, bytes, n);
	c->at += n;
}

static void emit32(struct code *c, uint32_t value)
{
	memcpy(c->at, &value, sizeof(value));
	c->at += sizeof(value);
}

/* RAX = TSC */
static void emit_stamp(struct code *c)
{
	EMIT(c, 0x0f, 0xae, 0xe8);              /* lfence */
	EMIT(c, 0x0f, 0x31);                    /* rdtsc */
	EMIT(c, 0x48, 0xc1, 0xe2, 0x20);        /* shl rdx, 32 */
	EMIT(c, 0x48, 0x09, 0xd0);              /* or rax, rdx */
}

static void emit_wrmsr(struct code *c, uint32_t msr, uint32_t low, uint32_t high)
{
	EMIT(c, 0xb9), emit32(c, msr);          /* mov ecx, msr */
	EMIT(c, 0xb8), emit32(c, low);          /* mov eax, low */
	EMIT(c, 0xba), emit32(c, high);         /* mov edx, high */
	EMIT(c, 0x0f, 0x30);                    /* wrmsr */
}

/* jump of two bytes and a 32-bit distance: 0f 85 jnz, 0f 84 jz, 0f 82 jb */
static void emit_back(struct code *c, unsigned char condition, const unsigned char *to)
{
	EMIT(c, 0x0f, condition), emit32(c, (uint32_t) (to - (c->at + 4)));
}

static void emit_out(struct code *c, unsigned char port)
{
	EMIT(c, 0x66, 0xba, port, 0x00);        /* mov dx, port */
	EMIT(c, 0xee);                          /* out dx, al */
}

/* ---- handlers ---- */

static void emit_eoi_return(struct code *c)
{
	emit_wrmsr(c, MSR_EOI, 0, 0);
	EMIT(c, 0x48, 0xcf);                    /* iretq */
}

static void lay_handlers(unsigned char *memory)
{
	struct code timer = { .at = memory + GUEST_HANDLER }, ipi = { .at = memory + IPI_HANDLER };

	emit_stamp(&timer);
	EMIT(&timer, 0x48, 0x89, 0xc3);         /* mov rbx, rax */
	emit_eoi_return(&timer);
	EMIT(&ipi, 0x48, 0xff, 0x04, 0x25), emit32(&ipi, GUEST_COUNTER);        /* inc qword [COUNTER] */
	emit_eoi_return(&ipi);
}

void guest_lay(unsigned char *memory)
{
	memset(memory, 0, GUEST_BYTES);
	lay_pages(memory);
	put64(memory, GUEST_GDT + GUEST_CS, 0x00af9a000000ffffull);     /* code, 64 bit, ring 0 */
	put64(memory, GUEST_GDT + GUEST_DS, 0x00cf92000000ffffull);     /* data */
	lay_gate(memory, VECTOR_TIMER, GUEST_HANDLER);
	lay_gate(memory, VECTOR_IPI, IPI_HANDLER);
	lay_handlers(memory);
}

/* ---- what is priced ---- */

static void emit_loop(struct code *c)
{
	EMIT(c, 0xb9), emit32(c, price_rows[PRICE_LOOP].divide);        /* mov ecx, 1000 */
	EMIT(c, 0xff, 0xc9);                    /* dec ecx */
	EMIT(c, 0x75, 0xfc);                    /* jnz -4 */
}

/* The deadline into R9 and into the timer; RBX = 0 until the handler has run. */
static void emit_arm(struct code *c)
{
	EMIT(c, 0x4d, 0x01, 0xd1);              /* add r9, r10 */
	EMIT(c, 0x31, 0xdb);                    /* xor ebx, ebx */
	EMIT(c, 0x4c, 0x89, 0xc8);              /* mov rax, r9 */
	EMIT(c, 0x4c, 0x89, 0xca);              /* mov rdx, r9 */
	EMIT(c, 0x48, 0xc1, 0xea, 0x20);        /* shr rdx, 32 */
	EMIT(c, 0xb9), emit32(c, MSR_TSC_DEADLINE);     /* mov ecx, msr */
	EMIT(c, 0x0f, 0x30);                    /* wrmsr */
}

static void emit_wait_running(struct code *c)
{
	const unsigned char *again;

	EMIT(c, 0xfb);                          /* sti */
	again = c->at;
	EMIT(c, 0x48, 0x85, 0xdb);              /* test rbx, rbx */
	emit_back(c, 0x84, again);              /* jz again */
	EMIT(c, 0xfa);                          /* cli */
}

/* sti takes effect after the instruction behind it: no interrupt can slip in before the halt. */
static void emit_wait_halted(struct code *c)
{
	const unsigned char *again = c->at;

	EMIT(c, 0xfb, 0xf4, 0xfa);              /* sti; hlt; cli */
	EMIT(c, 0x48, 0x85, 0xdb);              /* test rbx, rbx */
	emit_back(c, 0x84, again);              /* jz again */
}

/* Vector, fixed delivery, to the vCPU with number 1. */
static void emit_ipi(struct code *c)
{
	const unsigned char *again;

	EMIT(c, 0x4c, 0x8b, 0x1c, 0x25), emit32(c, GUEST_COUNTER);      /* mov r11, [COUNTER] */
	emit_wrmsr(c, MSR_ICR, 0x4000 | VECTOR_IPI, 1);
	again = c->at;
	EMIT(c, 0x4c, 0x3b, 0x1c, 0x25), emit32(c, GUEST_COUNTER);      /* cmp r11, [COUNTER] */
	emit_back(c, 0x84, again);              /* je again */
}

/* Until R10 ticks have passed: the other vCPU is halted again by then. */
static void emit_pause(struct code *c)
{
	const unsigned char *again;

	emit_stamp(c);
	EMIT(c, 0x49, 0x89, 0xc1);              /* mov r9, rax */
	EMIT(c, 0x4d, 0x01, 0xd1);              /* add r9, r10 */
	again = c->at;
	emit_stamp(c);
	EMIT(c, 0x4c, 0x39, 0xc8);              /* cmp rax, r9 */
	emit_back(c, 0x82, again);              /* jb again */
}

static void emit_priced(struct code *c, enum price p, bool amd)
{
	switch (p) {
	case PRICE_LOOP:
		emit_loop(c);
		break;
	case PRICE_CPUID:
		EMIT(c, 0x31, 0xc0, 0x31, 0xc9);        /* xor eax, eax; xor ecx, ecx */
		EMIT(c, 0x0f, 0xa2);                    /* cpuid */
		break;
	case PRICE_HYPERCALL:
		EMIT(c, 0xb8), emit32(c, 0x7fff);       /* mov eax, a number that no one has */
		EMIT(c, 0x0f, 0x01, amd ? 0xd9 : 0xc1); /* vmmcall or vmcall */
		break;
	case PRICE_PORT:
		emit_out(c, GUEST_PORT_PRICE);
		break;
	case PRICE_MMIO:
		EMIT(c, 0x89, 0x04, 0x25), emit32(c, GUEST_MMIO);       /* mov [MMIO], eax */
		break;
	case PRICE_TIMER:
		emit_arm(c);
		emit_wait_running(c);
		break;
	case PRICE_HALT_SHORT:
	case PRICE_HALT:
		emit_arm(c);
		emit_wait_halted(c);
		break;
	case PRICE_IPI:
	case PRICE_IPI_HALTED:
		emit_ipi(c);
		break;
	case PRICE_STAMP:
	case PRICE_KINDS:
		break;
	}
}

static bool by_handler(enum price p)
{
	return p == PRICE_TIMER || p == PRICE_HALT || p == PRICE_HALT_SHORT;
}

/* Accept interrupts; the timer's by deadline, with its vector. */
static void emit_apic(struct code *c)
{
	emit_wrmsr(c, MSR_SVR, 0x1ff, 0);
	emit_wrmsr(c, MSR_LVT_TIMER, 2 << 17 | VECTOR_TIMER, 0);
}

/* An interrupt sent before would be lost, and waited for for ever. */
static void emit_await_second(struct code *c)
{
	const unsigned char *again = c->at;

	EMIT(c, 0x48, 0x83, 0x3c, 0x25), emit32(c, GUEST_READY), EMIT(c, 0x00); /* cmp qword [READY], 0 */
	emit_back(c, 0x84, again);              /* je again */
}

static void lay_second(unsigned char *memory, bool halted)
{
	struct code c = { .at = memory + GUEST_CODE_2 };

	emit_apic(&c);
	EMIT(&c, 0x48, 0xff, 0x04, 0x25), emit32(&c, GUEST_READY);      /* inc qword [READY] */
	if (halted)
		EMIT(&c, 0xfb, 0xf4, 0xeb, 0xfc);       /* sti; hlt; jmp -4 */
	else
		EMIT(&c, 0xfb, 0xf3, 0x90, 0xeb, 0xfc); /* sti; pause; jmp -4 */
}

void guest_program(unsigned char *memory, enum price p, bool amd)
{
	struct code c = { .at = memory + GUEST_CODE };
	const unsigned char *again;

	if (price_rows[p].apic)
		emit_apic(&c);
	if (price_rows[p].second) {
		put64(memory, GUEST_READY, 0);
		lay_second(memory, p == PRICE_IPI_HALTED);
		emit_await_second(&c);
	}
	again = c.at;
	if (price_rows[p].second && price_rows[p].wait_us)
		emit_pause(&c);
	emit_stamp(&c);
	EMIT(&c, 0x49, 0x89, 0xc1);             /* mov r9, rax */
	emit_priced(&c, p, amd);
	if (by_handler(p))
		EMIT(&c, 0x48, 0x89, 0xd8);     /* mov rax, rbx */
	else
		emit_stamp(&c);
	EMIT(&c, 0x4c, 0x29, 0xc8);             /* sub rax, r9 */
	EMIT(&c, 0x48, 0x89, 0x07);             /* mov [rdi], rax */
	EMIT(&c, 0x48, 0x83, 0xc7, 0x08);       /* add rdi, 8 */
	EMIT(&c, 0x49, 0xff, 0xc8);             /* dec r8 */
	emit_back(&c, 0x85, again);             /* jnz again */
	emit_out(&c, GUEST_PORT_DONE);
}
