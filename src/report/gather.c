/* SPDX-License-Identifier: Apache-2.0 */
#include "report/bootline.h"
#include "report/gather.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { MOST_STEPS = 500 }; /* distinct steps of one level; more than any table of knobs has */

const char *gather_text(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

double gather_number(const json_t *object, const char *member)
{
	const json_t *v = json_object_get(object, member);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += n)
		if ((p == list || text_starts(p - 2, ", ")) && (p[n] == '\0' || text_starts(p + n, ", ")))
			return true;
	return false;
}

void words_add(struct words_seen *seen, const char *word)
{
	size_t used = strlen(seen->text), left = sizeof(seen->text) - used;

	if (!*word || has_word(seen->text, word))
		return;
	if (used + strlen(word) + sizeof(", , ...") <= sizeof(seen->text))
		snprintf(seen->text + used, left, "%s%s", used ? ", " : "", word);
	else if (used == 0)
		snprintf(seen->text, sizeof(seen->text), "%s", format_cut(word, 60).text);
	else if (!text_ends(seen->text, "..."))
		snprintf(seen->text + used, left, ", ...");
}

/* "24 interrupts" in one run and "25 interrupts" in the next are one thing, and so are the tasks of one name. */
static bool same_target(const char *a, const char *b)
{
	for (;;) {
		a += strspn(a, "0123456789");
		b += strspn(b, "0123456789");
		if (*a != *b || !*a)
			return *a == *b;
		a++;
		b++;
	}
}

static bool same_step(const struct step *a, const struct step *b)
{
	return text_eq(a->knob, b->knob) && text_eq(a->state, b->state) && text_eq(a->before, b->before) &&
	       text_eq(a->after, b->after) && same_target(a->target, b->target);
}

static struct step *find_step(struct level *level, const struct step *like)
{
	for (size_t i = 0; i < level->steps.n; i++)
		if (same_step(&level->steps.at[i], like))
			return &level->steps.at[i];
	return NULL;
}

static void add_step(struct level *level, const struct step *s, const char *sut)
{
	struct step *to = find_step(level, s);

	if (!to && level->steps.n >= MOST_STEPS)
		return;
	if (!to) {
		to = vec_add(&level->steps);
		*to = *s;
	}
	if (*sut && to->plan != level->n_plans) { /* once a plan, however many alike */
		to->seen++;
		to->plan = level->n_plans;
		words_add(&to->suts, sut);
	}
}

void gather_plan(struct level *level, const json_t *plan, const char *sut)
{
	size_t i;
	json_t *s;

	level->n_plans += *sut && json_is_array(plan);
	json_array_foreach (plan, i, s) {
		struct step step = {
			.knob = gather_text(s, "knob"),
			.title = gather_text(s, "title"),
			.target = gather_text(s, "target"),
			.before = gather_text(s, "before"),
			.after = gather_text(s, "after"),
			.state = gather_text(s, "state"),
			.reason = gather_text(s, "reason"),
			.why = gather_text(s, "why"),
			.cost = gather_text(s, "cost"),
			.security = json_is_true(json_object_get(s, "security")),
		};

		if (json_is_object(s))
			add_step(level, &step, sut);
	}
}

static void add_fact(struct report *r, const char *name, char *value)
{
	struct fact *f = vec_add(&r->host);

	f->name = xstrdup(name);
	f->value = value;
}

static void add_text(struct report *r, const char *name, const json_t *object, const char *member)
{
	const char *text = gather_text(object, member);

	if (*text)
		add_fact(r, name, xstrdup(text));
}

static void add_cpus(struct report *r, const json_t *cpu)
{
	double cpus = gather_number(cpu, "cpus"), cores = gather_number(cpu, "cores");
	const char *model = gather_text(cpu, "model");

	if (isfinite(cpus) && isfinite(cores))
		add_fact(r, "Processor", xprintf("%s%s%.0f CPUs on %.0f cores", model, *model ? ", " : "", cpus, cores));
	else if (*model)
		add_fact(r, "Processor", xstrdup(model));
}

static void add_bootline(struct report *r, const char *cmdline)
{
	char *text = bootline_public(cmdline);

	if (text)
		add_fact(r, "Kernel command line", text);
}

void gather_host(struct report *r, const json_t *host)
{
	const json_t *cpu = json_object_get(host, "cpu"), *kernel = json_object_get(host, "kernel");
	const json_t *memory = json_object_get(host, "memory");
	double bytes = gather_number(memory, "total_bytes");
	char buf[64];

	add_cpus(r, cpu);
	if (*gather_text(kernel, "release"))
		add_fact(r, "Kernel",
			 xprintf("Linux %s%s", gather_text(kernel, "release"),
				 json_is_true(json_object_get(kernel, "realtime")) ? ", PREEMPT_RT" : ""));
	add_text(r, "Distribution", host, "os");
	if (json_is_true(json_object_get(kernel, "virtual_machine")))
		add_fact(r, "Itself a virtual machine",
			 xprintf("yes%s%s", *gather_text(kernel, "hypervisor") ? ", under " : "",
				 gather_text(kernel, "hypervisor")));
	if (isfinite(bytes))
		add_fact(r, "Memory", xstrdup(text_bytes(buf, sizeof(buf), bytes)));
	add_text(r, "Preemption", kernel, "preempt");
	add_bootline(r, gather_text(kernel, "cmdline"));
	add_text(r, "Lockdown", kernel, "lockdown");
	add_text(r, "Control groups", host, "cgroup");
	add_text(r, "Other tuners running", host, "other_tuners");
}
