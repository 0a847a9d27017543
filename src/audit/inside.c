/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/inside.h"

#include "base/clock.h"
#include "base/fs_tree.h"
#include "base/text.h"

/* Who looked: the agent is root inside, whoever asks it here. */
static void add_uid(struct fs_tree *t)
{
	const struct fs_tree_entry e = { .path = FS_TREE_ANSWERS "/uid", .kind = FS_FILE, .mode = 0644, .data = "0", .len = 1 };

	(void) fs_tree_add(t, &e);
}

static int by_socket(const char *path, struct inside_line *line, struct fs_tree *t, uint64_t deadline_ns, struct inside *in,
		     struct err *err)
{
	struct inside_socket s;
	int r = inside_socket_open(&s, -1, path, deadline_ns, err);

	if (r < 0)
		return r;
	line->call = inside_socket_call;
	line->arg = &s;
	r = inside_read(line, t, deadline_ns, in, err);
	inside_socket_close(&s);
	return r;
}

static int by_virsh(char *domain, struct inside_line *line, struct fs_tree *t, uint64_t deadline_ns, struct inside *in,
		    struct err *err)
{
	line->call = inside_virsh_call;
	line->arg = domain;
	return inside_read(line, t, deadline_ns, in, err);
}

static int sum_bytes(void *arg, const struct fs_tree_entry *e)
{
	size_t *sum = arg;

	*sum += e->kind == FS_FILE ? e->len : 0;
	return 0;
}

int inside_open(struct inside *ret, const struct qemu *vm, const struct inside_options *o, struct err *err)
{
	uint64_t deadline_ns = clock_ns() + o->timeout_ns;
	struct inside_way way;
	struct fs_tree *t;
	char who[128];
	struct inside_line line = { .who = who };
	int r = inside_find_way(vm, o->socket, &way, err);

	*ret = (struct inside){ .fs.root = -1 };
	if (r < 0)
		return r;
	text_print(who, sizeof(who), "the guest agent in VM %.60s", vm->name[0] ? vm->name : "without a name");
	text_print(ret->how, sizeof(ret->how), way.by == INSIDE_VIRSH ? "virsh qemu-agent-command %s" : "the socket %s", way.at);
	t = fs_tree_new();
	add_uid(t);
	r = way.by == INSIDE_VIRSH ? by_virsh(way.at, &line, t, deadline_ns, ret, err)
				   : by_socket(way.at, &line, t, deadline_ns, ret, err);
	if (r < 0) {
		fs_tree_free(t);
		return err_in(err, "cannot look into VM %.60s", vm->name);
	}
	fs_tree_walk(t, sum_bytes, &ret->bytes);
	fs_of_tree(&ret->fs, t, "the guest");
	if (ret->partial)
		fs_note_gaps(&ret->fs);
	return 0;
}

void inside_close(struct inside *in)
{
	fs_close(&in->fs);
	in->fs = (struct fs){ .root = -1 };
}
