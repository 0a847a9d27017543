/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/flow.h"

#include <endian.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"

#define TENTH_NS (NS_PER_S / 10)

int flow_init(struct flow *f, double duration_s, double warmup_s, struct err *err)
{
	double tenths = floor(duration_s * 10 + 1e-6);
	uint64_t each = tenths > FLOW_SLICES ? (uint64_t) ceil(tenths / FLOW_SLICES) : 1;
	void *bytes;

	*f = (struct flow){ .slice_ns = each * TENTH_NS,
			    .warmup_ns = (uint64_t) (warmup_s * 1e9),
			    .cap = (uint32_t) (tenths / (double) each) };
	if (tenths < 1) {
		f->slice_ns = (uint64_t) (duration_s * 1e9);
		f->cap = 1;
	}
	bytes = mmap(NULL, f->cap * sizeof(*f->bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (bytes == MAP_FAILED)
		return err_sys(err, -errno, "no memory for %u slices of throughput", f->cap);
	f->bytes = bytes;
	return 0;
}

void flow_free(struct flow *f)
{
	if (f->bytes)
		munmap(f->bytes, f->cap * sizeof(*f->bytes));
	f->bytes = NULL;
}

void flow_clear(struct flow *f)
{
	memset(f->bytes, 0, f->cap * sizeof(*f->bytes));
	f->n = 0;
	f->slice_end = 0;
	f->warm = false;
}

double flow_bps(const struct flow *f)
{
	double sum = 0;

	for (uint32_t i = 0; i < f->n; i++)
		sum += (double) f->bytes[i];
	return f->n ? sum * 8 / ((double) f->n * (double) f->slice_ns / 1e9) : 0;
}

bool flow_add(struct flow *f, uint64_t now, uint64_t bytes)
{
	if (f->n >= f->cap)
		return false;
	if (!f->slice_end)
		f->slice_end = now + f->warmup_ns;
	if (!f->warm) {
		if (now < f->slice_end)
			return true;
		f->warm = true;
		f->slice_end += f->slice_ns;
	}
	while (now >= f->slice_end) {
		f->slice_end += f->slice_ns;
		if (++f->n >= f->cap)
			return false;
	}
	f->bytes[f->n] += bytes;
	return true;
}

size_t flow_packed_size(const struct flow *f)
{
	return 8 + 8 * (size_t) f->n;
}

void flow_pack(const struct flow *f, void *ret)
{
	unsigned char *at = ret;
	uint64_t be = htobe64(f->n);

	memcpy(at, &be, 8);
	for (uint32_t i = 0; i < f->n; i++) {
		be = htobe64(f->bytes[i]);
		memcpy(at + 8 + 8 * (size_t) i, &be, 8);
	}
}

bool flow_unpack_count(struct flow *f, const void *head)
{
	uint64_t be;

	memcpy(&be, head, 8);
	if (be64toh(be) > f->cap)
		return false;
	f->n = (uint32_t) be64toh(be);
	return true;
}

void flow_unpack(struct flow *f, void *slices)
{
	for (uint32_t i = 0; i < f->n; i++) {
		uint64_t be;

		memcpy(&be, (char *) slices + 8 * (size_t) i, 8);
		f->bytes[i] = be64toh(be);
	}
}
