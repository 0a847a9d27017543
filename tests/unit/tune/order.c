/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of writes, as the filesystem saw them (inotify), on a machine in a
 * folder: that of the plan when it is applied, the opposite when it is undone.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/inotify.h>

#include <cmocka.h>

#include "../../hosts/compare.h"
#include "../../hosts/tree.h"
#include "order.h"
#include "tune/internal.h"

/* What the machine of the tests has not, and a rule is about. */
static const char *const more[][2] = {
	{ "sys/devices/system/cpu/cpufreq/policy1/energy_performance_preference", "balance_performance\n" },
	{ "sys/devices/system/cpu/cpufreq/policy1/energy_performance_available_preferences",
	  "performance balance_performance\n" },
	{ "sys/devices/system/cpu/cpufreq/policy1/scaling_governor", "powersave\n" },
	{ "sys/devices/system/cpu/cpufreq/policy1/scaling_available_governors", "performance powersave\n" },
	{ "sys/kernel/debug/sched/fair_server/cpu1/runtime", "50000000\n" },
	{ "proc/sys/kernel/numa_balancing", "1\n" },
};

struct lab {
	char dir[64], original[64], state[80];
	struct fs fs, untouched;
	struct host_facts facts;
	struct cpu_split split;
	struct journal *j;
	struct plan *p;
};

static int set_up(void **state)
{
	static const struct plan_options all = { .allow_insecure = true, .vm_memory_mb = 64 };
	struct lab *lab = xalloc(1, sizeof(*lab));
	struct err err = { 0 };

	unsetenv("VLAT_LEAVE_ALONE");
	tree_open("two-cpu-vm", lab->dir, &lab->fs);
	tree_open("two-cpu-vm", lab->original, &lab->untouched);
	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		tree_put(lab->dir, more[i][0], more[i][1]);
		tree_put(lab->original, more[i][0], more[i][1]);
	}
	text_print(lab->state, sizeof(lab->state), "%s.state", lab->dir);
	setenv("VLAT_STATE", lab->state, 1);
	if (host_facts_read(&lab->fs, &lab->facts, &err) < 0 || journal_open(&lab->j, "unit test", &err) < 0)
		return -1;
	split_propose(&lab->facts.cpu, &lab->split);
	if (plan_make(&lab->p, &lab->fs, &lab->facts, &lab->split, &all, &err) < 0)
		return -1;
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };

	plan_free(lab->p);
	journal_close(lab->j, &err);
	host_facts_free(&lab->facts);
	tree_close(lab->dir, &lab->fs);
	tree_close(lab->original, &lab->untouched);
	dir_remove_all(lab->state);
	free(lab);
	return 0;
}

/* Files whose writes are watched, and whose step they are. */
struct watched {
	int id;
	size_t step;
};

struct eye {
	int fd;
	VEC(struct watched) files;
};

static void eye_open(struct eye *e, const struct lab *lab)
{
	e->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	assert_true(e->fd >= 0);
	for (size_t i = 0; i < lab->p->steps.n; i++) {
		const struct settings *list = &lab->p->steps.at[i].settings;
		bool groups = step_has_kind(&lab->p->steps.at[i], SETTING_GROUP); /* none in a copy: taken back at once */

		for (size_t k = 0; k < list->n && !groups; k++) {
			AUTO_FREE char *path = xprintf("%s/%s", lab->dir, list->at[k].path ? list->at[k].path : "");
			int id;

			if (list->at[k].kind != SETTING_VALUE || list->at[k].state != SETTING_TODO)
				continue;
			id = inotify_add_watch(e->fd, path, IN_MODIFY);
			assert_true(id >= 0);
			*vec_add(&e->files) = (struct watched){ .id = id, .step = i };
		}
	}
}

static void eye_close(struct eye *e)
{
	close(e->fd);
	vec_free(&e->files);
}

static const struct watched *watched_of(const struct eye *e, int id)
{
	for (size_t i = 0; i < e->files.n; i++)
		if (e->files.at[i].id == id)
			return &e->files.at[i];
	return NULL;
}

typedef VEC(struct watched) writes;

/* Emptying a file and filling it is one write. */
static writes seen(struct eye *e)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	writes w = { 0 };
	ssize_t n;

	while ((n = read(e->fd, buf, sizeof(buf))) > 0) {
		const struct inotify_event *ev;

		for (ssize_t at = 0; at < n; at += (ssize_t) (sizeof(*ev) + ev->len)) {
			ev = (const struct inotify_event *) (const void *) (buf + at);
			assert_false(ev->mask & IN_Q_OVERFLOW);
			if (w.n == 0 || w.at[w.n - 1].id != ev->wd)
				*vec_add(&w) = *watched_of(e, ev->wd);
		}
	}
	assert_int_equal(errno, EAGAIN);
	return w;
}

static size_t step_of(const struct plan *p, const char *id)
{
	const struct step *s = plan_step(p, id);

	assert_non_null(s);
	return (size_t) (s - p->steps.at);
}

/* Where the first write of a knob is; w->n = there was none. */
static size_t first_of(const writes *w, size_t step)
{
	size_t i = 0;

	while (i < w->n && w->at[i].step != step)
		i++;
	return i;
}

static size_t check_rules(const struct plan *p, const writes *w, bool back)
{
	size_t held = 0;

	for (size_t i = 0; i < ARRAY_SIZE(order_rules); i++) {
		const struct order_rule *r = &order_rules[i];
		size_t a = first_of(w, step_of(p, r->first)), b = first_of(w, step_of(p, r->second));

		if (a == w->n || b == w->n)
			continue;
		if ((a < b) == back)
			fail_msg("%s was %s %s: %s", r->first, back ? "put back before" : "set after", r->second, r->why);
		held++;
	}
	return held;
}

static void test_order_of_writes(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };
	struct eye eye = { .fd = -1 };
	writes there, back;

	eye_open(&eye, lab);
	if (plan_apply(lab->p, lab->j, &err) < 0)
		fail_msg("%s", err.text);
	there = seen(&eye);
	assert_int_equal(plan_revert(lab->p, &err), 0);
	back = seen(&eye);
	assert_int_equal(there.n, eye.files.n);
	assert_int_equal(back.n, there.n);
	for (size_t i = 0; i < there.n; i++) {
		assert_true(i == 0 || there.at[i - 1].step <= there.at[i].step);
		assert_int_equal(back.at[back.n - 1 - i].id, there.at[i].id);
	}
	assert_true(check_rules(lab->p, &there, false) >= 6); /* the others are about more than files: lab/undo sees those */
	assert_true(check_rules(lab->p, &back, true) >= 6);
	assert_int_equal(compare_trees(lab->original, lab->dir), 0);
	vec_free(&there);
	vec_free(&back);
	eye_close(&eye);
}

/* Files, groups, tasks and what is given to the measured ones: the steps stand in the order in which they are taken. */
static void test_order_of_steps(void **state)
{
	struct lab *lab = *state;

	for (size_t i = 0; i < ARRAY_SIZE(order_rules); i++) {
		const struct order_rule *r = &order_rules[i];

		if (step_of(lab->p, r->first) >= step_of(lab->p, r->second))
			fail_msg("%s comes after %s: %s", r->first, r->second, r->why);
	}
}

/* Of knobs that a plan has only where a profile asks for them by name. */
static const struct order_rule cards[] = {
	{ "irq.queue_count", "net.ring", "a card with other queues makes their rings anew" },
	{ "net.ring", "net.coalesce", "a driver that resets the card may take the defaults again" },
	{ "net.ring", "net.offloads", "a driver that resets the card may take the defaults again" },
	{ "irq.queue_count", "irq.affinity", "a card with other queues has other interrupts" },
};

static void test_order_of_cards(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cards); i++) {
		const struct knob *first = knob_find(cards[i].first), *second = knob_find(cards[i].second);

		assert_non_null(first);
		assert_non_null(second);
		if (first->order >= second->order)
			fail_msg("%s comes after %s: %s", cards[i].first, cards[i].second, cards[i].why);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_order_of_writes), T(test_order_of_steps),
					    cmocka_unit_test(test_order_of_cards) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
