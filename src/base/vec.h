/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vec - a growable array of any type:
 *
 *	VEC(struct cpu_fact) cpus = { 0 };
 *	struct cpu_fact *f = vec_add(&cpus);        (zeroed; aborts when memory is out)
 *	for (size_t i = 0; i < cpus.n; i++) use(&cpus.at[i]);
 *	vec_free(&cpus);
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stddef.h>

#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *at;                                                                          \
		size_t n, cap;                                                                     \
	}

#define vec_add(v)                                                                                 \
	((v)->at = vec_grow_((v)->at, &(v)->n, &(v)->cap, sizeof(*(v)->at)), &(v)->at[(v)->n - 1])

#define vec_free(v) (vec_free_((v)->at), (v)->at = NULL, (v)->n = (v)->cap = 0)

void *vec_grow_(void *at, size_t *n, size_t *cap, size_t size);
void vec_free_(void *at);

/* Memory that is never NULL: running out of it ends the program with one line on stderr. */
void *xalloc(size_t n, size_t size); /* zeroed */
void *xrealloc(void *p, size_t size); /* what is added is not zeroed */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
