/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kvm/guest.h"

#define PROGRAM_MOST (GUEST_CODE_2 - GUEST_CODE)

static unsigned char *guest_new(enum price p)
{
	unsigned char *memory = malloc(GUEST_BYTES);

	assert_non_null(memory);
	guest_lay(memory);
	guest_program(memory, p, false);
	return memory;
}

/* Bytes up to and with the write to the port that says that the program is over. */
static size_t program_length(const unsigned char *memory)
{
	static const unsigned char done[] = { 0x66, 0xba, GUEST_PORT_DONE, 0x00, 0xee };
	const unsigned char *code = memory + GUEST_CODE, *at = memmem(code, PROGRAM_MOST, done, sizeof(done));

	assert_non_null(at);
	return (size_t) (at - code) + sizeof(done);
}

static void every_price_has_a_program_that_ends(void **state)
{
	(void) state;
	for (int p = 0; p < PRICE_KINDS; p++) {
		unsigned char *memory = guest_new((enum price) p);

		assert_non_null(price_rows[p].name);
		assert_non_null(price_rows[p].what);
		assert_in_range(price_rows[p].samples, 1, PRICE_SAMPLES);
		assert_in_range(program_length(memory), 20, 400);
		/* Only a price between two vCPUs lays a program for the second. */
		assert_int_equal(memory[GUEST_CODE_2] != 0, price_rows[p].second);
		free(memory);
	}
}

static uint64_t get64(const unsigned char *memory, uint32_t at)
{
	uint64_t value;

	memcpy(&value, memory + at, sizeof(value));
	return value;
}

static void an_address_is_translated_to_itself(void **state)
{
	unsigned char *memory = guest_new(PRICE_MMIO);
	const uint32_t addresses[] = { 0, GUEST_CODE, GUEST_BYTES - 8, GUEST_MMIO, (1u << 30) - 1 };

	(void) state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		uint64_t pdpt = get64(memory, GUEST_PML4), pd = get64(memory, (uint32_t) (pdpt & ~0xfffull));
		uint64_t large = get64(memory, (uint32_t) (pd & ~0xfffull) + 8 * (addresses[i] >> 21));

		assert_int_equal(pdpt & 3, 3);
		assert_int_equal(pd & 3, 3);
		assert_int_equal(large & 0x83, 0x83);
		assert_int_equal((large & ~0x1fffffull) | (addresses[i] & 0x1fffff), addresses[i]);
	}
	assert_true(GUEST_MMIO >= GUEST_BYTES);
	free(memory);
}

static void interrupts_have_handlers_that_return(void **state)
{
	unsigned char *memory = guest_new(PRICE_TIMER);

	(void) state;
	for (unsigned vector = 0x40; vector <= 0x41; vector++) {
		uint64_t gate = get64(memory, GUEST_IDT + 16 * vector);
		uint32_t handler = (uint32_t) ((gate & 0xffff) | (gate >> 48 << 16));

		assert_int_equal(gate >> 32 & 0xffff, 0x8e00);
		assert_int_equal(gate >> 16 & 0xffff, GUEST_CS);
		assert_in_range(handler, GUEST_HANDLER, GUEST_HANDLER + 0x1ff);
		assert_non_null(memmem(memory + handler, 0x80, (const unsigned char[]){ 0x48, 0xcf }, 2));
	}
	assert_int_equal(get64(memory, GUEST_IDT), 0);
	free(memory);
}

#if defined(__x86_64__)
/* Where nothing is privileged the very bytes can run here, with a return for the last write to a port. */
static void run_here(enum price p, uint64_t *samples)
{
	unsigned char *memory = guest_new(p);
	size_t n = program_length(memory);
	unsigned char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t left = price_rows[p].samples, *to = samples;

	assert_true(code != MAP_FAILED);
	memcpy(code, memory + GUEST_CODE, n - 5);
	code[n - 5] = 0xc3;     /* ret */
	assert_int_equal(mprotect(code, 4096, PROT_READ | PROT_EXEC), 0);
	__asm__ volatile("mov %[left], %%r8\n\tcall *%[code]\n\tmov %%r8, %[left]"
			 : [left] "+m"(left), "+D"(to)
			 : [code] "m"(code)
			 : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc");
	assert_int_equal(left, 0);
	assert_ptr_equal(to, samples + price_rows[p].samples);
	munmap(code, 4096);
	free(memory);
}

static void the_unprivileged_programs_run_and_fill_their_samples(void **state)
{
	static const enum price here[] = { PRICE_LOOP, PRICE_STAMP, PRICE_CPUID };

	(void) state;
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++) {
		uint64_t samples[PRICE_SAMPLES + 1];

		memset(samples, 0xff, sizeof(samples));
		run_here(here[i], samples);
		for (unsigned n = 0; n < price_rows[here[i]].samples; n++)
			assert_true(samples[n] > 0 && samples[n] < UINT64_MAX / 2);
		assert_true(samples[price_rows[here[i]].samples] == UINT64_MAX);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_price_has_a_program_that_ends),
		cmocka_unit_test(an_address_is_translated_to_itself),
		cmocka_unit_test(interrupts_have_handlers_that_return),
#if defined(__x86_64__)
		cmocka_unit_test(the_unprivileged_programs_run_and_fill_their_samples),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
