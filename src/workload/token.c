/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "workload/protocol.h"

static const char digits[] = "0123456789abcdef";

void token_to_hex(const uint8_t token[TOKEN_BYTES], char ret[2 * TOKEN_BYTES + 1])
{
	for (size_t i = 0; i < TOKEN_BYTES; i++) {
		ret[2 * i] = digits[token[i] >> 4];
		ret[2 * i + 1] = digits[token[i] & 15];
	}
	ret[2 * TOKEN_BYTES] = '\0';
}

static int hex_value(char c)
{
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= '0' && c <= '9' ? c - '0' : -1;
}

int token_from_hex(const char *hex, uint8_t ret[TOKEN_BYTES])
{
	uint8_t token[TOKEN_BYTES];

	if (strlen(hex) != 2 * (size_t) TOKEN_BYTES)
		return -EINVAL;
	for (size_t i = 0; i < TOKEN_BYTES; i++) {
		int hi = hex_value(hex[2 * i]), lo = hex_value(hex[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return -EINVAL;
		token[i] = (uint8_t) (hi << 4 | lo);
	}
	memcpy(ret, token, TOKEN_BYTES);
	return 0;
}

int token_make(uint8_t ret[TOKEN_BYTES])
{
	return getrandom(ret, TOKEN_BYTES, 0) == TOKEN_BYTES ? 0 : -errno;
}

/* Volatile, so that no compiler finds the early way out that would tell a stranger how far it guessed right. */
bool token_equal(const void *a, const void *b)
{
	const volatile uint8_t *x = a, *y = b;
	unsigned differ = 0;

	for (size_t i = 0; i < TOKEN_BYTES; i++)
		differ |= (unsigned) (x[i] ^ y[i]);
	return differ == 0;
}
