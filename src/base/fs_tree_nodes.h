/* SPDX-License-Identifier: Apache-2.0 */
/* For fs_tree.c and fs_record.c only: how a tree is held. */
#ifndef BASE_FS_TREE_NODES_H
#define BASE_FS_TREE_NODES_H

#include <stdint.h>

#include "base/fs_tree.h"
#include "base/vec.h"

#define NONE       UINT32_MAX
#define DEPTH_MAX  64
#define LINKS_MAX  40
#define PATH_BYTES 4096

struct node {
	uint32_t parent, child, sibling, bucket; /* bucket: the next of the same hash */
	uint32_t len;
	int16_t error;
	uint16_t mode;
	uint8_t kind;
	bool read;              /* content and error are as they will stay */
	bool listed;            /* of a folder: all its names are here */
	bool probed;            /* kind and mode are known */
	char *name, *data;
};

struct fs_tree {
	VEC(struct node) nodes;
	uint32_t *buckets;
	size_t n_buckets;       /* a power of two */
	size_t used;            /* of FS_TREE_MAX */
	bool full;
	bool knows;             /* an opened copy that tells what was not there */
	bool sure;              /* ... and it told of the name that was last found absent */
	struct fs from;         /* of a recording; path[0] = '\0' when it is none */
};

bool tree_recording(const struct fs_tree *t);
uint32_t tree_find(const struct fs_tree *t, uint32_t parent, const char *name, size_t len);
/* A new entry; NONE when the budget is used up. */
uint32_t tree_add_node(struct fs_tree *t, uint32_t parent, const char *name, size_t len, enum fs_kind kind);
bool tree_charge(struct fs_tree *t, size_t bytes);      /* false: over budget */
int tree_path_of(const struct fs_tree *t, uint32_t n, char path[PATH_BYTES]);
void tree_set_data(struct node *node, char *data, size_t len);  /* takes data */
void tree_set_error(struct node *node, int error);

/* -ENOENT; whether that is sure is kept for fs_tree_surely_absent(). */
int tree_miss(struct fs_tree *t, uint32_t parent, const char *name, size_t len);
/* Of a recording: from the machine when the tree does not know yet. */
uint32_t tree_lookup(struct fs_tree *t, uint32_t parent, const char *name, size_t len);
void tree_learn_content(struct fs_tree *t, uint32_t n);
void tree_learn_names(struct fs_tree *t, uint32_t n);

#endif
