/* SPDX-License-Identifier: BSD-2-Clause */
/* rc.conf: what a shell would have assigned, and what is refused. */
#include "tap.h"

#include <errno.h>

#include "base/str.h"
#include "conf/rcconf.h"

static int
parse(struct rcconf *rc, const char *text, struct err *err)
{
	return rcconf_parse(rc, "rc.conf", text, strlen(text), err);
}

/* `text` gives the variable v this value. */
static void
value(const char *text, const char *want, const char *title)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = rcconf_new();
	struct err err = { 0 };
	int r = parse(rc, text, &err);

	is_str(r < 0 ? err.msg : rcconf_get(rc, "v", NULL), want, "%s", title);
}

/* `text` is refused with this sentence. */
static void
refused(const char *text, const char *want)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = rcconf_new();
	struct err err = { 0 };
	int r = parse(rc, text, &err);

	is_str(r < 0 ? err.msg : "(accepted)", want, "refused: %.*s",
	    (int)strcspn(text, "\n\r\033"), text);
	if (rc->vars.n != 0)
		ok(false, "a refused file leaves no variable");
}

static void
test_values(void)
{
	value("v=x", "x", "a plain word");
	value("v=", "", "an empty value");
	value("v=\"a b\"", "a b", "double quotes");
	value("v='a \"b\" $c `d`'", "a \"b\" $c `d`", "single quotes keep all");
	value("v=a\"b c\"'d e'f", "ab cd ef", "pieces are joined");
	value("v=1\nv=2\n", "2", "a later assignment wins");
	value("u=1 v=2 w=3", "2", "several on a line");
	value("u=1; v=2;", "2", "semicolons");
	value("v=1 # comment \"\n", "1", "a comment behind");
	value("# v=0 `rm`\n\n  \t v=1", "1", "comment lines, indentation");
	value("v=a#b", "a#b", "# inside a word is no comment");
	value("v=\"a\\\nb\"", "ab", "a continued line in quotes");
	value("v=a\\\nb", "ab", "a continued line in a word");
	value("v=\"a\nb\"", "a\nb", "a value over two lines");
	value("v='a\\\nb'", "a\\\nb", "no escapes in single quotes");
	value("v=\"a\\\"b\\$c\\\\d\\e\"", "a\"b$c\\d\\e",
	    "backslash in double quotes");
	value("v=a\\ b\\;c", "a b;c", "backslash outside quotes");
	value("u=1 \\\nv=2", "2", "a continued line between assignments");
	value("u=10; v=\"$u.${u}.x\"", "10.10.x", "what was assigned above");
	value("u=1\nu=2 v=$u", "1",
	    "a command's assignments are made after its expansions");
	value("v=$", "$", "a lone dollar");
	value("v=\"a$ b\"", "a$ b", "a lone dollar in quotes");
	value("v=a~b=*?[c]{d}!", "a~b=*?[c]{d}!", "no pathname expansion");
}

static void
test_refusals(void)
{
	refused("v=1\nrm -rf /\n",
	    "rc.conf:2: 'rm' is a command, not "
	    "NAME=value; rc.conf is read, never run");
	refused("v=`id`",
	    "rc.conf:1: `...` would have to be run: write the "
	    "value itself");
	refused("v=\"a\n`id`\"",
	    "rc.conf:2: `...` would have to be run: "
	    "write the value itself");
	refused("v=$(id)",
	    "rc.conf:1: $(...) would have to be run: write "
	    "the value itself");
	refused("v=\"$(id)\"",
	    "rc.conf:1: $(...) would have to be run: "
	    "write the value itself");
	refused("v=$HOME",
	    "rc.conf:1: $HOME is not assigned above, so its "
	    "value is not known");
	refused("u=1 v=$u",
	    "rc.conf:1: $u is not assigned above, so its "
	    "value is not known");
	refused("v=${u:-x}",
	    "rc.conf:1: of ${...} only the plain ${name} is "
	    "understood");
	refused("v=$1",
	    "rc.conf:1: $1 is known only to a running shell: "
	    "write the value itself");
	refused("v=~/x",
	    "rc.conf:1: ~ stands for a home directory only in a "
	    "shell: write the path");
	refused("v=a:~b",
	    "rc.conf:1: ~ stands for a home directory only in "
	    "a shell: write the path");
	refused("v=\"abc\nw=1\n",
	    "rc.conf:1: the quote \" that opens here "
	    "is never closed");
	refused("u=1\nv='abc",
	    "rc.conf:2: the quote ' that opens here is "
	    "never closed");
	refused("v=1 reboot",
	    "rc.conf:1: 'reboot' is a command, not "
	    "NAME=value; rc.conf is read, never run");
	refused("v=1 && reboot",
	    "rc.conf:1: '&' outside quotes makes this a "
	    "command; rc.conf is read, never run");
	refused("v=1|cat",
	    "rc.conf:1: '|' outside quotes makes this a "
	    "command; rc.conf is read, never run");
	refused("v=1 >/etc/passwd",
	    "rc.conf:1: '>' outside quotes makes "
	    "this a command; rc.conf is read, never run");
	refused("v=(1 2)",
	    "rc.conf:1: '(' outside quotes makes this a "
	    "command; rc.conf is read, never run");
	refused("v+=1",
	    "rc.conf:1: 'v+=1' is a command, not NAME=value; "
	    "rc.conf is read, never run");
	refused("1v=1",
	    "rc.conf:1: '1v=1' is a command, not NAME=value; "
	    "rc.conf is read, never run");
	refused("if true; then v=1; fi",
	    "rc.conf:1: 'if' is a command, not "
	    "NAME=value; rc.conf is read, never run");
	refused("\033[2J",
	    "rc.conf:1: '\\x1b[2J' is a command, not "
	    "NAME=value; rc.conf is read, never run");
	refused("v=1\r\n",
	    "rc.conf:1: carriage return: the file has DOS "
	    "line ends; convert it");
	refused("; v=1", "rc.conf:1: ';' has nothing before it");
	refused("v=1\\", "rc.conf:1: the file ends in a backslash");
}

static void
test_growth(void)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = rcconf_new();
	_cleanup_(str_clear) struct str text = STR_INIT;
	struct err err = { 0 };

	str_add(&text, "a=0123456789\n");
	for (int i = 0; i < 40; i++)
		str_add(&text, "a=$a$a\n");
	is_int(parse(rc, text.buf, &err), -EINVAL,
	    "a value that doubles 40 times is refused");
	is_str(err.msg, "rc.conf:14: the value is longer than 65536 bytes",
	    "where it gets too long");
	is_int(rcconf_parse(rc, "rc.conf", "a=1\nb=\0", 7, &err), -EINVAL,
	    "a NUL byte is refused");
	is_str(err.msg, "rc.conf:2: NUL byte: this is no text file",
	    "and its line is said");
}

static void
test_places(void)
{
	_cleanup_(rcconf_freep) struct rcconf *rc = rcconf_new();
	const struct rcconf_var *var;
	struct err err = { 0 };
	bool on = false;

	parse(rc, "a=1\nb=maybe\n\nc=yes\n", &err);
	rcconf_parse(rc, "rc.conf.local", "\nc=NO\nd=$a", 10, &err);
	var = rcconf_find(rc, "c");
	is_str(var->file, "rc.conf.local", "the file that wins is known");
	is_int(var->line, 2, "and the line");
	is_str(rcconf_get(rc, "d", NULL), "1",
	    "a later file sees what an earlier one assigned");
	is_int(rcconf_bool(rc, "b", false, &on, &err), -EINVAL,
	    "a word that is neither yes nor no");
	is_str(err.msg, "rc.conf:2: b: 'maybe' is neither YES nor NO",
	    "is refused with its place");
	is_int(rcconf_bool(rc, "a", false, &on, &err), 0, "1 is a yes");
	ok(on, "1 means yes");
	is_int(rcconf_bool(rc, "c", true, &on, &err), 0, "NO is a no");
	ok(!on, "NO means no");
	is_int(rcconf_bool(rc, "none", true, &on, &err), 0, "unset is fine");
	ok(on, "unset means the default");
	is_int(parse(rc, "a=2\nb=`x`", &err), -EINVAL, "a bad file");
	is_str(rcconf_get(rc, "a", NULL), "1", "changes nothing");
}

static void
edited(const char *text, const char *name, const char *value, const char *want)
{
	_cleanup_(str_clear) struct str out = STR_INIT;
	struct err err = { 0 };
	int r =
	    rcconf_edit("rc.conf", text, strlen(text), name, value, &out, &err);

	is_str(r < 0 ? err.msg : out.buf, want, "edit %s", name);
}

static void
test_edit(void)
{
	edited("", "a", "x", "a=\"x\"\n");
	edited("b=1", "a", "x", "b=1\na=\"x\"\n");
	edited("# a=0\na=1 # why\nb=2\n", "a", "x y",
	    "# a=0\na=\"x y\" # why\nb=2\n");
	edited("a=1\na='2\n3'; b=$a\n", "a", "x", "a=1\na=\"x\"; b=$a\n");
	edited("", "a", "\"\\$`'", "a=\"\\\"\\\\\\$\\`'\"\n");
	edited("b=1\n  a=1  \nc=2\n", "a", NULL, "b=1\nc=2\n");
	edited("b=1 a=1 # c\n", "a", NULL, "b=1  # c\n");
	edited("a=1; b=2\n", "a", NULL, " b=2\n");
	edited("b=1\n", "a", NULL, "b=1\n");
	edited("b=1\n", "a-b", "x", "'a-b' is no name of a variable");
	edited("b=`x`\n", "a", "x",
	    "rc.conf:1: `...` would have to be run: "
	    "write the value itself");
}

int
main(void)
{
	test_edit();
	test_values();
	test_refusals();
	test_growth();
	test_places();
	return done_testing();
}
