# SPDX-License-Identifier: Apache-2.0
# Reads rooms.txt, then every source; complains as FILE:LINE: RULE.
#
#  - a room includes only the rooms that rooms.txt allows, as "room/file.h"
#  - only cmd/ and the agent (PID 1 of a guest: its console) print; only the mains exit
#  - some functions of the C library are not used at all
#  - files and functions stay short; the licence is named in the first line

BEGIN {
	# Who may do what nobody else may.  The child between fork and exec has no other way out.
	split("cmd/ agent/ main.c", a, " ")
	for (i in a)
		may_print[a[i]] = 1
	split("main.c agent/ base/spawn.c base/vec.c journal/hands.c journal/mounter.c kvm/runner.c tune/spin.c run/daemon.c run/tty.c", a, " ")
	for (i in a)
		may_exit[a[i]] = 1
	banned = "strcpy|strcat|stpcpy|sprintf|vsprintf|gets|atoi|atol|atoll|atof|strtok|strtok_r|system|popen|alloca|tmpnam|mktemp"
	printing = "printf|vprintf|puts|putchar|perror|psignal"
	leaving = "exit|_exit|_Exit|quick_exit|abort|err|errx|verr|error"
	max_c = 500
	max_h = 120
	max_function = 70
	max_columns = 130
}

function complain(line, text) {
	printf "%s:%d: %s\n", FILENAME, line, text
	bad = 1
}

# The line without comments and without what is between quotes; `in_comment` lives from line to line.
function code_of(s,    out, c, two, i, n, quote) {
	out = ""
	n = length(s)
	quote = ""
	for (i = 1; i <= n; i++) {
		c = substr(s, i, 1)
		two = substr(s, i, 2)
		if (in_comment) {
			if (two == "*/") {
				in_comment = 0
				i++
			}
		} else if (quote != "") {
			if (c == "\\")
				i++
			else if (c == quote) {
				quote = ""
				out = out c
			}
		} else if (two == "/*") {
			in_comment = 1
			i++
		} else if (two == "//") {
			break
		} else {
			if (c == "\"" || c == "'")
				quote = c
			out = out c
		}
	}
	return out
}

# Is one of the names called here?
function calls(code, names) {
	return code ~ ("(^|[^A-Za-z0-9_>.])(" names ")[ \t]*\\(")
}

function room_of(file) {
	if (file !~ /\//)
		return "cmd" # main.c sees what cmd sees
	sub(/\/.*/, "", file)
	return file
}

function allowed(file, list) {
	return (file in list) || ((room_of(file) "/") in list && file ~ /\//)
}

function check_include(line, s,    path, target) {
	if (s !~ /^[ \t]*#[ \t]*include[ \t]*"/)
		return
	path = s
	sub(/^[^"]*"/, "", path)
	sub(/".*/, "", path)
	if (path ~ /^[a-z0-9_]+\.inc$/)
		return # a text that the build turned into C
	if (path !~ /^[a-z_]+\/[a-z0-9_]+\.h$/) {
		complain(line, "include \"" path "\" is not of the form \"room/file.h\"")
		return
	}
	target = room_of(path)
	if (!((room, target) in sees))
		complain(line, "the room " room " may not include " path " (see rooms.txt)")
	else if (system_has(path) == 0)
		complain(line, "there is no " path)
}

function system_has(path,    ignored, r) {
	r = (getline ignored < path) >= 0
	close(path)
	return r
}

function check_calls(line, code,    stream) {
	if (calls(code, banned))
		complain(line, "a function that vlat does not use: " code)
	stream = code ~ /(^|[^A-Za-z0-9_])(stdout|stderr)([^A-Za-z0-9_]|$)/
	if ((calls(code, printing) || stream) && !allowed(FILENAME, may_print))
		complain(line, "only cmd/ and main print: " code)
	if (calls(code, leaving) && !allowed(FILENAME, may_exit))
		complain(line, "only main exits: " code)
}

function end_of_file(    max) {
	if (file == "" || file == "rooms.txt")
		return
	max = file ~ /\.h$/ ? max_h : max_c
	if (lines > max) {
		printf "%s:%d: %d lines, at most %d are meant: split it by concern\n", file, lines, lines, max
		bad = 1
	}
}

FNR == 1 {
	end_of_file()
	file = FILENAME
	in_comment = 0
	begun = 0
	room = room_of(FILENAME)
	if (FILENAME != "rooms.txt" && $0 != "/* SPDX-License-Identifier: Apache-2.0 */")
		complain(1, "the first line must be /* SPDX-License-Identifier: Apache-2.0 */")
	if (FILENAME != "rooms.txt" && !((room, room) in sees))
		complain(1, "the room " room " is not in rooms.txt")
}

{ lines = FNR }

FILENAME == "rooms.txt" {
	sub(/#.*/, "")
	if ($0 !~ /:/)
		next
	name = $1
	sub(/:.*/, "", name)
	sees[name, name] = 1
	for (i = 2; i <= NF; i++)
		sees[name, $i] = 1
	next
}

{
	width = 0
	for (i = 1; i <= length($0); i++)
		width = substr($0, i, 1) == "\t" ? width - width % 8 + 8 : width + 1
	if (width > max_columns)
		complain(FNR, width " columns, at most " max_columns " are meant")
	if ($0 ~ /[ \t]$/)
		complain(FNR, "blanks at the end of the line")
	if (!in_comment)
		check_include(FNR, $0)
	check_calls(FNR, code_of($0))
	# In this style only a function has its braces in the first column.
	if ($0 == "{")
		begun = FNR
	if ($0 == "}" && begun) {
		if (FNR - begun - 1 > max_function)
			complain(begun, "a function of " (FNR - begun - 1) " lines, at most " max_function " are meant")
		begun = 0
	}
}

END {
	end_of_file()
	exit bad
}
