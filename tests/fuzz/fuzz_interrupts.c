/* SPDX-License-Identifier: Apache-2.0 */
/* Counters and tasks as procfs prints them: /proc/interrupts, /proc/stat, cpu.stat, /proc/TID/stat and status. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/proc_stat.h"
#include "host/irq.h"
#include "host/proc_stat_cpus.h"
#include "host/task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_row(const char *label, const uint64_t *counts, size_t n, void *arg)
{
	uint64_t *sum = arg;

	*sum += strlen(label);
	for (size_t i = 0; i < n; i++)
		*sum += counts[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct steal_sample sample;
	unsigned cpus[INTERRUPTS_CPUS];
	char *text = malloc(size + 1);
	struct proc_stat stat;
	struct cpuset set;
	uint64_t sum = 0;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	interrupts_parse(text, cpus, on_row, &sum);
	memset(&sample, 0, sizeof(sample));
	proc_stat_cpus(text, &sample);
	if (sample.n_cpus > STEAL_CPUS)
		abort();
	cpu_stat_value(text, "nr_throttled");
	if (proc_stat_parse(text, &stat) && (stat.tid < 0 || memchr(stat.comm, '\0', sizeof(stat.comm)) == NULL))
		abort();
	status_allowed(text, &set);
	free(text);
	return 0;
}
