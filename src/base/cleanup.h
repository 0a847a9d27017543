/* SPDX-License-Identifier: Apache-2.0 */
/* cleanup - scope frees, success takes: `AUTO_FREE char *s`, then `return TAKE(s);`. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_(void *p)
{
	free(*(void **) p);
}

static inline void cleanup_close_(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_file_(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void cleanup_dir_(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define AUTO(fn)   __attribute__((cleanup(fn)))
#define AUTO_FREE  AUTO(cleanup_free_)
#define AUTO_CLOSE AUTO(cleanup_close_)   /* initialise to -1 */
#define AUTO_FILE  AUTO(cleanup_file_)
#define AUTO_DIR   AUTO(cleanup_dir_)

/* Hand a pointer / a file descriptor out of the scope that would free it. */
#define TAKE(p)    __extension__({ __typeof__(p) taken_ = (p); (p) = NULL; taken_; })
#define TAKE_FD(f) __extension__({ int taken_ = (f); (f) = -1; taken_; })

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
