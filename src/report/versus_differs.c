/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/versus_out.h"

/* A value that only one side knows is a difference too: the other may be anything. */
void versus_tell(versus_differs_fn *each, void *arg, const char *name, const char *a, const char *b)
{
	struct versus_differs d = { .a = a, .b = b };

	if (text_eq(a, b))
		return;
	text_print(d.name, sizeof(d.name), "%s", name);
	each(arg, &d);
}

static void settings(const struct versus_view *v, versus_differs_fn *each, void *arg)
{
	struct versus_differs d = { .name = "Length of a run" };

	d.a = text_seconds(d.own[0], sizeof(d.own[0]), v->a->duration_s);
	d.b = text_seconds(d.own[1], sizeof(d.own[1]), v->b->duration_s);
	if (fabs(v->a->duration_s - v->b->duration_s) > 1e-6) /* where workloads differ in it, each is told by itself */
		each(arg, &d);
	versus_tell(each, arg, "Study", v->a->study, v->b->study);
	versus_tell(each, arg, "vlat", v->a->version, v->b->version);
}

static const char *fact_of(const struct report *r, const char *name)
{
	for (size_t i = 0; i < r->host.n; i++)
		if (text_eq(r->host.at[i].name, name))
			return r->host.at[i].value;
	return "";
}

static void host(const struct versus_view *v, versus_differs_fn *each, void *arg)
{
	for (size_t i = 0; i < v->a->host.n; i++)
		versus_tell(each, arg, v->a->host.at[i].name, v->a->host.at[i].value, fact_of(v->b, v->a->host.at[i].name));
	for (size_t i = 0; i < v->b->host.n; i++)
		if (!*fact_of(v->a, v->b->host.at[i].name))
			versus_tell(each, arg, v->b->host.at[i].name, "", v->b->host.at[i].value);
}

/* How a SUT ran; SUTs that only one study measured are listed as such elsewhere. */
static void platform(const struct platform *p, const struct platform *q, versus_differs_fn *each, void *arg)
{
	const struct {
		const char *what, *a, *b;
	} rows[] = {
		{ "accelerator", p->accelerator.text, q->accelerator.text },
		{ "clock source", p->clocksource.text, q->clocksource.text },
		{ "clock source of the guest", p->guest_clocksource.text, q->guest_clocksource.text },
		{ "frequency governor", p->governor.text, q->governor.text },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[96];

		text_print(name, sizeof(name), "%s, %s", sut_title(p->sut), rows[i].what);
		versus_tell(each, arg, name, rows[i].a, rows[i].b);
	}
}

void versus_differs(const struct versus_view *v, versus_differs_fn *each, void *arg)
{
	settings(v, each, arg);
	host(v, each, arg);
	for (size_t i = 0; i < v->a->platforms.n; i++) {
		const struct platform *q = report_platform(v->b, v->a->platforms.at[i].sut);

		if (q)
			platform(&v->a->platforms.at[i], q, each, arg);
	}
	versus_levels(v, each, arg);
}
