/* SPDX-License-Identifier: Apache-2.0 */
/* What is obeyed as root, and all that leads to it, is in nobody else's hands. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/trust.h"
#include "base/vec.h"

#define STRANGER 65534

static char top[64];

static char *in(const char *name)
{
	return xprintf("%s/%s", top, name);
}

static void folder(const char *name, mode_t mode)
{
	AUTO_FREE char *path = in(name);

	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void file(const char *name, mode_t mode)
{
	AUTO_FREE char *path = in(name);
	struct err err = { 0 };

	assert_int_equal(file_write_atomic(path, "x\n", 2, 0600, &err), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void link_to(const char *target, const char *name)
{
	AUTO_FREE char *path = in(name);

	assert_int_equal(symlink(target, path), 0);
}

static void owned_by(const char *name, uid_t uid)
{
	AUTO_FREE char *path = in(name);

	assert_int_equal(lchown(path, uid, (gid_t) -1), 0);
}

/* /tmp is a folder on the way where nobody can take what is another's. */
static int set_up(void **state)
{
	(void) state;
	strcpy(top, "/tmp/vlat-trust-XXXXXX");
	if (!mkdtemp(top))
		return -1;
	folder("a", 0755);
	folder("a/b", 0755);
	file("a/b/f", 0644);
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	return dir_remove_all(top);
}

static void trusted(const char *name)
{
	AUTO_FREE char *path = in(name);
	struct err err = { 0 };

	if (trust_check(path, 0, &err) != 0)
		fail_msg("%s: %s", name, err.text);
}

/* The sentence names what is at fault, by its place below the top. */
static void refused(const char *name, const char *fault)
{
	AUTO_FREE char *path = in(name), *named = xprintf("%s%s%s ", top, fault[0] ? "/" : "", fault);
	struct err err = { 0 };

	assert_int_equal(trust_check(path, 0, &err), -EPERM);
	if (!strstr(err.text, named))
		fail_msg("%s is not named in: %s", named, err.text);
}

static void set_mode(const char *name, mode_t mode)
{
	AUTO_FREE char *path = in(name);

	assert_int_equal(chmod(path, mode), 0);
}

static void roots_own(void **state)
{
	(void) state;
	trusted("a/b/f");
	trusted("a//b/./../b/f");
	trusted("a/b/none");
	trusted("none/none");
}

static void each_place_on_the_way(void **state)
{
	static const char *const places[] = { "a", "a/b", "a/b/f" };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		set_mode(places[i], 0775);
		refused("a/b/f", places[i]);
		set_mode(places[i], 0757);
		refused("a/b/f", places[i]);
		set_mode(places[i], 0755);
		owned_by(places[i], STRANGER);
		refused("a/b/f", places[i]);
		owned_by(places[i], 0);
		trusted("a/b/f");
	}
}

/* Like /tmp: good enough on the way, not as the folder that is asked about; and not when it is a stranger's. */
static void a_sticky_folder(void **state)
{
	(void) state;
	set_mode("a", 01777);
	trusted("a/b/f");
	refused("a", "a");
	owned_by("a/b", STRANGER);
	refused("a/b/f", "a/b");
	owned_by("a/b", 0);
	owned_by("a", STRANGER);
	refused("a/b/f", "a");
}

static void a_link_to_what_is_roots(void **state)
{
	(void) state;
	folder("etc", 0755);
	link_to("../a/b/f", "etc/relative");
	trusted("etc/relative");
	set_mode("a", 0775);
	refused("etc/relative", "a");
}

static void links_that_are_absolute_or_in_the_middle(void **state)
{
	AUTO_FREE char *b = in("a/b");

	(void) state;
	link_to(b, "middle");
	trusted("middle/f");
	set_mode("a/b", 0777);
	refused("middle/f", "a/b");
	set_mode("a/b", 0755);
	set_mode("a/b/f", 0646);
	refused("middle/f", "a/b/f");
}

static void a_strangers_link(void **state)
{
	(void) state;
	set_mode("a", 01777);
	link_to("b/f", "a/link");
	trusted("a/link");
	owned_by("a/link", STRANGER);
	refused("a/link", "a/link");
}

static void links_without_end(void **state)
{
	AUTO_FREE char *path = in("one");
	struct err err = { 0 };

	(void) state;
	link_to("two", "one");
	link_to("one", "two");
	assert_int_equal(trust_check(path, 0, &err), -ELOOP);
}

static void names_that_are_none(void **state)
{
	char name[5000];
	struct err err = { 0 };

	(void) state;
	assert_int_equal(trust_check("a/b", 0, &err), -EINVAL);
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(trust_check(name, 0, &err), -ENAMETOOLONG);
}

/* Somebody's own, judged for himself. */
static void for_another_owner(void **state)
{
	AUTO_FREE char *path = in("a/b/f");
	struct err err = { 0 };

	(void) state;
	owned_by("a/b", STRANGER);
	owned_by("a/b/f", STRANGER);
	assert_int_equal(trust_check(path, STRANGER, &err), 0);
	assert_int_equal(trust_check(path, STRANGER - 1, &err), -EPERM);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(roots_own),
		T(each_place_on_the_way),
		T(a_sticky_folder),
		T(a_link_to_what_is_roots),
		T(links_that_are_absolute_or_in_the_middle),
		T(a_strangers_link),
		T(links_without_end),
		T(names_that_are_none),
		T(for_another_owner),
	};

	if (geteuid() != 0) {
		printf("not tried: only root can give files away\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
