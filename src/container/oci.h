/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci - the config.json of one container as a pure function of what it shall
 * be.  Open Container Initiative runtime specification 1.0 (every runtime of
 * the last years takes it); golden files in tests/golden/oci.
 */
#ifndef CONTAINER_OCI_H
#define CONTAINER_OCI_H

#include <jansson.h>
#include <stddef.h>

#include "base/cpuset.h"
#include "container/cgroup.h"

struct oci_pair {
	const char *key, *value;
};

/* A program of the user's own: it gets what container engines give one, instead of what an agent needs. */
struct oci_user {
	const char *rootfs;                     /* absolute */
	bool writable;
	const char *cwd;                        /* NULL = "/" */
	unsigned uid, gid;
	bool host_network;
};

struct oci_spec {
	const char *hostname;
	const char *const *args;                /* NULL-terminated; args[0] is a path in the rootfs */
	const char *const *env;                 /* NULL-terminated "K=V" */
	const char *netns;                      /* path of a prepared namespace; NULL = an empty one of its own */
	const char *cgroup;                     /* "/vlat-ID/c0" */
	struct cpuset cpus;                     /* cpuset; empty = the parent's */
	const char *mems;                       /* NUMA nodes as a list; NULL = the parent's */
	struct rt_budget rt;                    /* runtime_us 0 = leave out */
	uint64_t memory;                        /* bytes that it may use at most; 0 = as many as it likes */
	const struct oci_pair *unified;         /* raw cgroup v2 files; key NULL ends; NULL = none */
	const char *threads_file;               /* a cgroup.threads of the host, to be CONTAINER_THREADS_FILE; NULL = none */
	const struct oci_user *user;            /* NULL = the agent */
	bool terminal;                          /* standard files are a terminal that the runtime makes */
	bool own_cgroups;                       /* a cgroup namespace: nothing outside its own group in sight (v2) */
};

json_t *oci_config(const struct oci_spec *spec);        /* new reference */
/*
 * A bundle's own config.json with what has to be vlat's: groups, CPUs, network,
 * environment, terminal or none, an absolute rootfs (of a bundle in folder dir), and spec->args when there are some.
 */
int oci_adapt(json_t *config, const struct oci_spec *spec, const char *dir, struct err *err);
char *oci_config_text(const struct oci_spec *spec);     /* malloc'ed, indented, newline at the end: what lies in the bundle */

#endif
