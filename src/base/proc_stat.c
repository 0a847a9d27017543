/* SPDX-License-Identifier: Apache-2.0 */
#include "base/proc_stat.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/text.h"

/* The name is anything a program chose, brackets and blanks included: it ends at the last ')'. */
static const char *take_name(const char *text, struct proc_stat *s)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	size_t len;

	if (!open || !close || close < open)
		return NULL;
	len = (size_t) (close - open - 1);
	if (len >= sizeof(s->comm))
		len = sizeof(s->comm) - 1;
	for (size_t i = 0; i < len; i++) /* shown in reports and JSON: plain ASCII only */
		s->comm[i] = open[1 + i] >= ' ' && open[1 + i] <= '~' ? open[1 + i] : '?';
	s->comm[len] = '\0';
	return close + 1;
}

static bool take_field(const char **at, int64_t *ret)
{
	char word[32];
	uint64_t u;

	if (!take_blanks(at) || !take_word(at, word, sizeof(word)))
		return false;
	if (text_i64(word, ret) == 0)
		return true;
	if (text_u64(word, &u) < 0) /* some fields are unsigned long: their upper half is of no use here */
		return false;
	*ret = INT64_MAX;
	return true;
}

/* Read for every task of the machine, so the many fields that nobody wants are only stepped over. */
static bool take_fields(const char *at, unsigned first, const unsigned *wanted, size_t n, int64_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		for (; first < wanted[i]; first++) {
			while (*at == ' ')
				at++;
			if (!*at || *at == '\n')
				return false;
			while (*at && *at != ' ' && *at != '\n')
				at++;
		}
		if (!take_field(&at, &ret[i]))
			return false;
		first++;
	}
	return true;
}

bool proc_stat_parse(const char *text, struct proc_stat *ret)
{
	enum { PPID, FLAGS, THREADS, START_TIME, PROCESSOR, RT_PRIORITY, POLICY, N };
	static const unsigned wanted[N] = { 4, 9, 20, 22, 39, 40, 41 };
	struct proc_stat s = { 0 };
	const char *at = take_name(text, &s), *head = text;
	uint64_t tid;
	int64_t f[N];
	char state[2];

	if (!at || !take_u64(&head, &tid) || tid > INT32_MAX)
		return false;
	if (!take_blanks(&at) || !take_word(&at, state, sizeof(state)) || !take_fields(at, 4, wanted, N, f))
		return false;
	s.tid = (pid_t) tid;
	s.state = state[0];
	s.ppid = (pid_t) f[PPID];
	s.flags = (unsigned) f[FLAGS];
	s.threads = (int) f[THREADS];
	s.start_time = (uint64_t) f[START_TIME];
	s.processor = (int) f[PROCESSOR];
	s.rt_priority = (int) f[RT_PRIORITY];
	s.policy = (int) f[POLICY];
	*ret = s;
	return true;
}

int proc_stat_read(pid_t tid, struct proc_stat *ret)
{
	AUTO_CLOSE int fd = -1;
	char path[40], buf[2048];
	ssize_t n;

	if (text_print(path, sizeof(path), "/proc/%d/stat", (int) tid))
		return -EINVAL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, buf, sizeof(buf) - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return proc_stat_parse(buf, ret) ? 0 : -EPROTO;
}

bool status_allowed(const char *text, struct cpuset *ret)
{
	static const char key[] = "Cpus_allowed_list:";
	const char *at = strstr(text, key);

	if (!at || (at != text && at[-1] != '\n'))
		return false;
	at += strlen(key);
	return take_blanks(&at) && take_cpulist(&at, ret);
}

int proc_allowed(pid_t tid, struct cpuset *ret)
{
	AUTO_FREE char *text = NULL;
	char path[40];
	struct err ignored;
	int r;

	text_print(path, sizeof(path), "/proc/%d/status", (int) tid);
	r = file_read_all(path, 1 << 16, &text, NULL, &ignored);
	if (r == -ENOENT || r == -ESRCH)
		return -ESRCH;
	return r == 0 && status_allowed(text, ret) ? 0 : cpuset_get_affinity(tid, ret);
}

bool proc_is_alive(pid_t tid, uint64_t start_time)
{
	struct proc_stat s;

	return proc_stat_read(tid, &s) == 0 && s.start_time == start_time && s.state != 'Z' && s.state != 'X';
}
