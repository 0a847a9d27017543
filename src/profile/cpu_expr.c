/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/cpu_expr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"

enum { MOST_DEPTH = 32, MOST_TEXT = 4096 };

struct expr {
	const char *text, *at;
	const struct cpu_facts *cpus;
	unsigned depth;
	struct err *err;
};

typedef bool belongs_fn(const struct cpu_facts *f, const struct cpu_fact *c, uint64_t number);

static bool is_first(const struct cpu_fact *c, const struct cpuset *of)
{
	return cpuset_has(&c->siblings, (unsigned) cpuset_first(of));
}

/* Is c on the core of the lowest CPU for which `key` gives the same? */
static bool on_first_core(const struct cpu_facts *f, const struct cpu_fact *c, bool by_node)
{
	struct cpuset same = { 0 };

	for (size_t i = 0; i < f->n; i++)
		if (by_node ? f->at[i].node == c->node : f->at[i].package == c->package)
			cpuset_add(&same, f->at[i].cpu);
	return is_first(c, &same);
}

static bool in_all(const struct cpu_facts *f, const struct cpu_fact *c, uint64_t number)
{
	(void) f, (void) c, (void) number;
	return true;
}

static bool in_first_core(const struct cpu_facts *f, const struct cpu_fact *c, uint64_t number)
{
	(void) number;
	return is_first(c, &f->online);
}

static bool in_first_core_per_node(const struct cpu_facts *f, const struct cpu_fact *c, uint64_t number)
{
	(void) number;
	return on_first_core(f, c, true);
}

static bool in_first_core_per_package(const struct cpu_facts *f, const struct cpu_fact *c, uint64_t number)
{
	(void) number;
	return on_first_core(f, c, false);
}

static bool in_boot_isolated(const struct cpu_facts *f, const struct cpu_fact *c, uint64_t number)
{
	(void) number;
	return cpuset_has(&f->isolated, c->cpu);
}

static bool in_node(const struct cpu_facts *f, const struct cpu_fact *c, uint64_t number)
{
	(void) f;
	return c->node >= 0 ? (uint64_t) c->node == number : number == 0;
}

static bool in_package(const struct cpu_facts *f, const struct cpu_fact *c, uint64_t number)
{
	(void) f;
	return c->package >= 0 ? (uint64_t) c->package == number : number == 0;
}

static bool in_second_threads(const struct cpu_facts *f, const struct cpu_fact *c, uint64_t number)
{
	(void) f, (void) number;
	return cpuset_first(&c->siblings) != (int) c->cpu;
}

static bool in_performance(const struct cpu_facts *f, const struct cpu_fact *c, uint64_t number)
{
	(void) f, (void) number;
	return c->kind != CPU_KIND_EFFICIENT;
}

static bool in_efficient(const struct cpu_facts *f, const struct cpu_fact *c, uint64_t number)
{
	(void) f, (void) number;
	return c->kind == CPU_KIND_EFFICIENT;
}

const struct cpu_name cpu_expr_names[] = {
	{ "all", "every online CPU", false },
	{ "boot_isolated", "CPUs set apart by isolcpus= at boot", false },
	{ "efficient", "the slower cores of a hybrid processor", false },
	{ "first_core", "the core of the lowest CPU, with its hardware threads", false },
	{ "first_core_per_node", "the first core of every NUMA node", false },
	{ "first_core_per_package", "the first core of every socket", false },
	{ "node", "the CPUs of one NUMA node", true },
	{ "package", "the CPUs of one socket", true },
	{ "performance", "the faster cores of a hybrid processor; all CPUs elsewhere", false },
	{ "second_threads", "all hardware threads of a core but its first", false },
};
const size_t cpu_expr_name_count = ARRAY_SIZE(cpu_expr_names);

static belongs_fn *const belongs[] = {
	in_all,  in_boot_isolated, in_efficient,   in_first_core,     in_first_core_per_node, in_first_core_per_package,
	in_node, in_package,       in_performance, in_second_threads,
};
_Static_assert(ARRAY_SIZE(belongs) == ARRAY_SIZE(cpu_expr_names), "a name without a meaning");

static int expression(struct expr *e, struct cpuset *ret);

static int bad(const struct expr *e, const char *at, int code, const char *why)
{
	return err_set(e->err, code, "CPUs \"%.80s\": column %zu: %s", e->text, (size_t) (at - e->text) + 1, why);
}

static void blanks(struct expr *e)
{
	take_blanks(&e->at);
}

static bool take_operator(struct expr *e, char c)
{
	blanks(e);
	return take_char(&e->at, c);
}

/* The characters of a cpulist: it ends before anything else, so "2-3 - 3" is two of them. */
static int list(struct expr *e, struct cpuset *ret)
{
	const char *began = e->at;
	char text[512], offline[256], why[400];
	size_t n = strspn(e->at, "0123456789,-:/");
	struct cpuset missing;

	if (n >= sizeof(text))
		return bad(e, began, -EINVAL, "this list of CPUs is too long");
	memcpy(text, began, n);
	text[n] = '\0';
	if (cpuset_parse_list(text, ret) < 0 || cpuset_empty(ret))
		return bad(e, began, -EINVAL, "a list of CPUs such as 2-3,8 is meant");
	e->at += n;
	missing = cpuset_minus(ret, &e->cpus->online);
	if (cpuset_empty(&missing))
		return 0;
	text_print(why, sizeof(why), "this machine has no CPU %s online", cpuset_list(&missing, offline, sizeof(offline)));
	return bad(e, began, -ERANGE, why);
}

static int unknown(const struct expr *e, const char *at, const char *word)
{
	const char *names[ARRAY_SIZE(cpu_expr_names)], *near;
	char why[200];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		names[i] = cpu_expr_names[i].name;
	near = text_nearest(word, names, ARRAY_SIZE(names));
	text_print(why, sizeof(why), "there is no set of CPUs called \"%.40s\"%s%s%s", word, near ? "; did you mean " : "",
		   near ? near : "", near ? "?" : "");
	return bad(e, at, -EINVAL, why);
}

static int number(struct expr *e, uint64_t *ret)
{
	if (!take_operator(e, '('))
		return bad(e, e->at, -EINVAL, "a number in brackets is meant here, such as node(0)");
	blanks(e);
	if (!take_u64(&e->at, ret) || !take_operator(e, ')'))
		return bad(e, e->at, -EINVAL, "a number and a closing bracket are meant here, such as node(0)");
	return 0;
}

static int name(struct expr *e, struct cpuset *ret)
{
	const char *began = e->at;
	size_t n = strspn(e->at, "abcdefghijklmnopqrstuvwxyz_"), i = 0;
	uint64_t value = 0;
	char word[64];
	int r;

	if (n == 0 || n >= sizeof(word))
		return bad(e, began, -EINVAL, "a name or a list of CPUs is meant here");
	memcpy(word, began, n);
	word[n] = '\0';
	while (i < cpu_expr_name_count && !text_eq(cpu_expr_names[i].name, word))
		i++;
	if (i == cpu_expr_name_count)
		return unknown(e, began, word);
	e->at += n;
	r = cpu_expr_names[i].takes_number ? number(e, &value) : 0;
	*ret = (struct cpuset){ 0 };
	for (size_t c = 0; r == 0 && c < e->cpus->n; c++)
		if (belongs[i](e->cpus, &e->cpus->at[c], value))
			cpuset_add(ret, e->cpus->at[c].cpu);
	return r;
}

static int factor(struct expr *e, struct cpuset *ret)
{
	int r;

	blanks(e);
	if (*e->at >= '0' && *e->at <= '9')
		return list(e, ret);
	if (*e->at != '(')
		return name(e, ret);
	if (++e->depth > MOST_DEPTH)
		return bad(e, e->at, -EINVAL, "too many brackets");
	e->at++;
	r = expression(e, ret);
	e->depth--;
	if (r == 0 && !take_operator(e, ')'))
		return bad(e, e->at, -EINVAL, "a closing bracket is missing");
	return r;
}

static int term(struct expr *e, struct cpuset *ret)
{
	int r = factor(e, ret);

	while (r == 0 && take_operator(e, '&')) {
		struct cpuset other;

		r = factor(e, &other);
		if (r == 0)
			*ret = cpuset_and(ret, &other);
	}
	return r;
}

static int expression(struct expr *e, struct cpuset *ret)
{
	int r = term(e, ret);

	while (r == 0) {
		bool plus = take_operator(e, '+');
		struct cpuset other;

		if (!plus && !take_operator(e, '-'))
			return 0;
		r = term(e, &other);
		if (r == 0)
			*ret = plus ? cpuset_or(ret, &other) : cpuset_minus(ret, &other);
	}
	return r;
}

int cpu_expr(const char *text, const struct cpu_facts *cpus, struct cpuset *ret, struct err *err)
{
	struct expr e = { .text = text, .at = text, .cpus = cpus, .err = err };
	struct cpuset out;
	int r;

	if (strlen(text) > MOST_TEXT)
		return err_set(err, -EINVAL, "a set of CPUs of more than %d characters", MOST_TEXT);
	r = expression(&e, &out);
	blanks(&e);
	if (r == 0 && *e.at)
		r = bad(&e, e.at, -EINVAL, "+, -, & or the end is meant here");
	if (r == 0)
		*ret = out;
	return r;
}
