/* SPDX-License-Identifier: Apache-2.0 */
/* What reaches stderr: status lines and remarks, on a terminal and in a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/term.h"

static char said[4096];

/* Everything that do_it() says on stderr, when that is the fd `err`; read from `from`. */
static const char *hear(int err, int from, void (*do_it)(void))
{
	int saved = dup(STDERR_FILENO);
	ssize_t n;

	fcntl(from, F_SETFL, O_NONBLOCK);
	dup2(err, STDERR_FILENO);
	do_it();
	dup2(saved, STDERR_FILENO);
	close(saved);
	said[0] = '\0';
	/* A terminal hands out its text in pieces. */
	for (size_t used = 0; (n = read(from, said + used, sizeof(said) - 1 - used)) > 0;) {
		used += (size_t) n;
		said[used] = '\0';
	}
	return said;
}

static const char *hear_in_file(void (*do_it)(void))
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	hear(fds[1], fds[0], do_it);
	close(fds[0]);
	close(fds[1]);
	return said;
}

/* A terminal of 30 columns; -1 when there is none to be had. */
static int open_terminal(int *ret_master)
{
	struct winsize size = { .ws_row = 24, .ws_col = 30 };
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return -1;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave < 0 || ioctl(slave, TIOCSWINSZ, &size) < 0)
		return -1;
	*ret_master = master;
	return slave;
}

static void two_states(void)
{
	term_status("cell %d of %d, and more words than thirty columns hold", 1, 2);
	term_status("cell %d of %d", 2, 2);
	term_status_end();
}

static void a_remark_in_between(void)
{
	term_status("cell 1");
	log_warn("hot");
	term_status("cell 2");
	term_status_end();
}

static void all_levels(void)
{
	log_debug("d");
	log_note("n");
	log_warn("w");
}

static void hostile_text(void)
{
	/* A title for the window, a screen cleared, CSI in one byte of Latin-1; what is no command stays. */
	log_note("a\033]0;x\007b\033[2J\302\233c\r\177\td\n\303\244");
}

static void nothing_commands_the_terminal(void **state)
{
	(void) state;
	assert_string_equal(hear_in_file(hostile_text), "vlat: a?]0;x?b?[2J?c??\td\n\303\244\n");
}

static void files_get_few_lines(void **state)
{
	(void) state;
	term_log_install(LOG_NOTE_);
	assert_string_equal(hear_in_file(two_states), "cell 1 of 2, and more words than thirty columns hold\n");
	assert_string_equal(hear_in_file(two_states), ""); /* within ten seconds */
}

static void levels(void **state)
{
	(void) state;
	term_log_install(LOG_NOTE_);
	assert_string_equal(hear_in_file(all_levels), "vlat: n\nvlat: warning: w\n");
	term_log_install(LOG_DEBUG_);
	assert_string_equal(hear_in_file(all_levels), "vlat: d\nvlat: n\nvlat: warning: w\n");
	term_log_install(LOG_WARN_);
	assert_string_equal(hear_in_file(all_levels), "vlat: warning: w\n");
	assert_string_equal(hear_in_file(two_states), ""); /* --quiet: no progress */
	term_log_install(LOG_NOTE_);
}

static void terminals_get_one_line_redrawn(void **state)
{
	int master, slave = open_terminal(&master);

	(void) state;
	if (slave < 0) {
		print_message("skipped: no pseudo-terminal can be opened here\n");
		skip();
	}
	setenv("NO_COLOR", "1", 1);
	term_log_install(LOG_NOTE_);
	assert_string_equal(hear(slave, master, two_states), "\rcell 1 of 2, and more words t\033[K\rcell 2 of 2\033[K\r\033[K");
	assert_string_equal(hear(slave, master, a_remark_in_between),
			    "\rcell 1\033[K\r\033[Kvlat: warning: hot\r\n\rcell 2\033[K\r\033[K");
	close(slave);
	close(master);
}

static void colours(void **state)
{
	int master, slave = open_terminal(&master);

	(void) state;
	if (slave < 0) {
		print_message("skipped: no pseudo-terminal can be opened here\n");
		skip();
	}
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	assert_true(term_look(slave).tty && term_look(slave).color);
	assert_int_equal(term_look(slave).width, 30);
	setenv("TERM", "dumb", 1);
	assert_false(term_look(slave).color);
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "", 1); /* set, but empty: as if it were not */
	assert_true(term_look(slave).color);
	setenv("NO_COLOR", "1", 1);
	assert_false(term_look(slave).color);
	close(slave);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_get_few_lines),
		cmocka_unit_test(levels),
		cmocka_unit_test(nothing_commands_the_terminal),
		cmocka_unit_test(terminals_get_one_line_redrawn),
		cmocka_unit_test(colours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
