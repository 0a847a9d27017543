# SPDX-License-Identifier: Apache-2.0
# Lines of text to lines of one C string literal.
s/\\/\\\\/g
s/"/\\"/g
s/^/"/
s/$/\\n"/
