/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/text.h"
#include "run/choose.h"
#include "run/run.h"

static int check_vm(const struct run_spec *s, struct err *err)
{
	if (s->command)
		return err_set(err, -EINVAL,
			       "a virtual machine runs what its disk or initramfs holds: '%s' cannot be started in it",
			       s->command[0]);
	if (!s->disk.path && !s->kernel)
		return err_set(err, -EINVAL,
			       "a virtual machine needs something to boot: --disk IMAGE, or --kernel with --initrd");
	if (s->kernel && !s->initrd && !s->disk.path)
		return err_set(err, -EINVAL, "--kernel %.200s: a kernel alone has no root; add --initrd or --disk", s->kernel);
	if (!s->kernel && (s->initrd || s->append))
		return err_set(err, -EINVAL, "%s is for a --kernel; a disk that boots itself has its own",
			       s->initrd ? "--initrd" : "--append");
	if (!s->kernel && (s->isolate || s->idle != VM_IDLE_HALT))
		return err_set(err, -EINVAL,
			       "%s is a word for the kernel's command line, which only --kernel lets vlat write: write it into "
			       "the boot configuration on the disk",
			       s->isolate ? "--isolate-in-guest" : "--idle");
	if (s->memory_mb < VM_MEMORY_MIN)
		return err_set(err, -EINVAL, "--memory %u MiB: a virtual machine needs at least %d MiB", s->memory_mb,
			       VM_MEMORY_MIN);
	return 0;
}

static int check_container(const struct run_spec *s, struct err *err)
{
	int n = (s->rootfs != NULL) + (s->bundle != NULL) + (s->image != NULL);

	if (n != 1)
		return err_set(err, -EINVAL, "a container needs one of --rootfs DIR, --bundle DIR and --image REF%s",
			       n ? ", not several" : "");
	if (s->rootfs && !s->command)
		return err_set(err, -EINVAL, "--rootfs says nothing about what to run in it: add -- COMMAND");
	return 0;
}

static int check_native(const struct run_spec *s, struct err *err)
{
	if (!s->command)
		return err_set(err, -EINVAL, "nothing to run: `vlat run native [OPTION]... -- COMMAND`");
	if (s->memory_mb)
		return err_set(err, -EINVAL,
			       "--memory %u MiB is for a virtual machine or a container; `-- prlimit --as=%llu %s ...` limits "
			       "each process of a native command",
			       s->memory_mb, (unsigned long long) s->memory_mb << 20, s->command[0]);
	return 0;
}

/* Options that mean something for other kinds only. */
static int check_foreign(const struct run_spec *s, struct err *err)
{
	const struct {
		bool given;
		enum run_kind kind;
		const char *option;
	} rows[] = {
		{ s->disk.path != NULL, RUN_VM, "--disk" },
		{ s->kernel != NULL, RUN_VM, "--kernel" },
		{ s->initrd != NULL, RUN_VM, "--initrd" },
		{ s->append != NULL, RUN_VM, "--append" },
		{ s->pages != VM_PAGES_PLACEMENT, RUN_VM, "--pages" },
		{ s->on_node, RUN_VM, "--node" },
		{ s->cpu_pm, RUN_VM, "--cpu-pm" },
		{ s->isolate, RUN_VM, "--isolate-in-guest" },
		{ s->idle != VM_IDLE_HALT, RUN_VM, "--idle" },
		{ s->rootfs != NULL, RUN_CONTAINER, "--rootfs" },
		{ s->bundle != NULL, RUN_CONTAINER, "--bundle" },
		{ s->image != NULL, RUN_CONTAINER, "--image" },
		{ s->writable, RUN_CONTAINER, "--writable" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].given && rows[i].kind != s->kind)
			return err_set(err, -EINVAL, "%s is for `vlat run %s`, not for %s", rows[i].option,
				       run_kind_name(rows[i].kind), run_kind_name(s->kind));
	return 0;
}

static int check_place(const struct run_spec *s, struct err *err)
{
	struct cpu_wish wish;

	if (s->name && !text_is_name(s->name))
		return err_set(
			err, -EINVAL,
			"--name '%.80s': letters, digits, dot, dash and underline only, a letter or digit first, at most 64",
			s->name);
	if (s->cpus && cpu_wish_parse(s->cpus, &wish, err) < 0)
		return err->code;
	if (s->tuner && !s->tuned)
		return err_set(err, -EINVAL, "--profile %.64s tunes the host, which --tuning none does not", s->tuner->name);
	if (s->pool && !s->tuned)
		return err_set(err, -EINVAL, "--pool sets CPUs apart, which --tuning none does not");
	if (s->priority > RUN_FIFO_MAX)
		return err_set(err, -EINVAL, "--priority %u: at most %d, since interrupt threads have 50 and must stay above",
			       s->priority, RUN_FIFO_MAX);
	if (s->priority && s->policy != RUN_FIFO)
		return err_set(err, -EINVAL, "--priority %u is for --policy fifo", s->priority);
	if (s->policy == RUN_FIFO && !s->tuned && !s->cpus)
		return err_set(
			err, -EINVAL,
			"--policy fifo without --cpus could take every CPU of this machine from everybody: say which ones");
	return 0;
}

int run_spec_check(const struct run_spec *s, struct err *err)
{
	static int (*const checks[RUN_KINDS])(const struct run_spec *, struct err *) = {
		[RUN_NATIVE] = check_native,
		[RUN_CONTAINER] = check_container,
		[RUN_VM] = check_vm,
	};
	int r = check_foreign(s, err);

	if (r == 0)
		r = checks[s->kind](s, err);
	return r == 0 ? check_place(s, err) : r;
}
