/* SPDX-License-Identifier: BSD-2-Clause */
/* The property table, values, names, and config.json's round trip. */
#include "conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/str.h"
#include "tap.h"

static void
test_table(void)
{
	size_t n;
	const struct conf_prop *p = conf_props(&n);
	size_t unsorted = 0, wordless = 0, reasonless = 0, bad_default = 0;

	ok(n > 120, "the table holds iocage's properties");
	for (size_t i = 0; i < n; i++) {
		struct err err = { 0 };

		if (i > 0 && strcmp(p[i - 1].name, p[i].name) >= 0) {
			printf("# %s\n", p[i].name);
			unsorted++;
		}
		if (!p[i].text || !p[i].text[0])
			wordless++;
		if ((p[i].answer == CONF_ENFORCED) != (p[i].why == NULL)) {
			printf("# %s\n", p[i].name);
			reasonless++;
		}
		if (conf_value_recheck(p[i].name, p[i].def, &err) < 0) {
			printf("# %s: %s\n", p[i].name, err.msg);
			bad_default++;
		}
	}
	is_int(unsorted, 0, "rows are sorted and none is there twice");
	is_int(wordless, 0, "each row has its sentence");
	is_int(reasonless, 0, "what is not enforced says why");
	is_int(bad_default, 0, "each default is a value that may be set");
	ok(conf_prop_find("priority") != NULL, "a property is found");
	ok(conf_prop_find("prio") == NULL, "a part of its name is not");
}

static void
takes(const char *name, const char *value, const char *want)
{
	_cleanup_free_ char *canon = NULL;
	struct err err = { 0 };

	if (conf_value_check(name, value, &canon, &err) < 0)
		printf("# %s\n", err.msg);
	is_str(canon, want, "%s=%s is taken", name, value);
}

static void
refuses(const char *name, const char *value, const char *want)
{
	_cleanup_free_ char *canon = NULL;
	struct err err = { 0 };

	(void)conf_value_check(name, value, &canon, &err);
	ok(canon == NULL, "%s=%.20s is refused", name, value);
	is_str(err.msg, want, "and the sentence says why");
}

static void
test_values(void)
{
	char long_value[5000];

	memset(long_value, 'x', sizeof(long_value));
	long_value[sizeof(long_value) - 1] = '\0';

	takes("boot", "on", "1");
	takes("boot", "NO", "0");
	takes("allow_raw_sockets", "true", "1");
	takes("priority", "1", "1");
	takes("memoryuse", "deny=512M", "deny=512M");
	takes("memoryuse", "off", "off");
	takes("localhost", "jail", "jail");
	takes(
	    "notes", "naïve text, with = and \"", "naïve text, with = and \"");
	takes("depends", "db web", "db web");
	takes("vnet", "no", "0");
	takes("sysvmsg", "new", "new");
	takes("login_flags", "-f www-data", "-f www-data");
	takes("resolver", "nameserver 9.9.9.9;search x",
	    "nameserver "
	    "9.9.9.9;search x");

	refuses("allow_raw_socket", "1",
	    "there is no property "
	    "'allow_raw_socket'; did you mean 'allow_raw_sockets'?");
	refuses("zzzzz", "1",
	    "there is no property 'zzzzz' (`get all JAIL` "
	    "lists them)");
	refuses("boot", "maybe",
	    "property 'boot': 'maybe' is neither on nor "
	    "off (1/0, yes/no, true/false)");
	refuses("priority", "0",
	    "property 'priority': '0' is not a whole "
	    "number from 1 to 99");
	refuses("priority", "99999999999999999999",
	    "property 'priority': "
	    "'99999999999999999999' is not a whole number from 1 to 99");
	refuses("localhost", "none",
	    "property 'localhost': 'none' is not "
	    "private or jail");
	refuses("release", "debian-12",
	    "property 'release' is kept by gaol "
	    "itself and cannot be set");
	refuses("memoryuse", "512M",
	    "property 'memoryuse': '512M' is neither "
	    "off nor ACTION=AMOUNT such as deny=512M");
	refuses("memoryuse", "log=1G",
	    "property 'memoryuse': 'log=1G': only "
	    "deny=AMOUNT is built yet");
	refuses("memoryuse", "deny=0",
	    "property 'memoryuse': 'deny=0' is "
	    "neither off nor ACTION=AMOUNT such as deny=512M");
	refuses("vnet", "1",
	    "property 'vnet' cannot be '1': jails with a "
	    "network stack of their own (vnet) are not built yet; the address "
	    "of ip4_addr works without");
	refuses("sysvsem", "inherit",
	    "property 'sysvsem' cannot be "
	    "'inherit': a jail has System V IPC of its own, always");
	refuses("notes", "two\nlines",
	    "property 'notes': the value holds a "
	    "byte that is not printable UTF-8: two\\x0alines");
	refuses("notes", "\xff\xfe",
	    "property 'notes': the value holds a "
	    "byte that is not printable UTF-8: \\xff\\xfe");
	refuses("notes", long_value,
	    "property 'notes': the value is longer "
	    "than 4096 bytes");
	refuses("depends", "db ../x",
	    "property 'depends': the name '../x' "
	    "does not begin with a letter or a digit");
	refuses("host_hostname", "a b",
	    "property 'host_hostname': 'a b' is "
	    "no host name: letters, digits, '.', '-' and '_' are");
	refuses("enforce_statfs", "0",
	    "property 'enforce_statfs': a jail "
	    "cannot see the host's mounts; 1 and 2 are possible");
}

static void
test_limits(void)
{
	struct conf_limit limit;

	is_int(conf_limit_parse("deny=1.5G", &limit, NULL), 0, "a limit");
	is_str(limit.action, "deny", "its action");
	ok(limit.amount == 3ull << 29, "its amount in bytes");
	is_int(conf_limit_parse("off", &limit, NULL), 0, "off is a limit");
	is_str(limit.action, "", "without an action");
	ok(conf_limit_parse("averyveryverylongaction=1", &limit, NULL) < 0,
	    "an action of any length is no limit");
}

static void
name(const char *word, const char *want)
{
	struct err err = { 0 };

	(void)conf_name_check(word, &err);
	is_str(err.msg, want, "the name '%.20s'", word);
}

static void
test_names(void)
{
	_cleanup_free_ char *fold = conf_name_fold("a.b_c");

	name("web", "");
	name("0a1b2c3d", "");
	name("my.db_1-x", "");
	name("", "the name of a jail is empty");
	name(".x", "the name '.x' does not begin with a letter or a digit");
	name("-x", "the name '-x' does not begin with a letter or a digit");
	name("a/b",
	    "the name 'a/b' holds something else than letters, "
	    "digits, '.', '_' and '-'");
	name("a b",
	    "the name 'a b' holds something else than letters, "
	    "digits, '.', '_' and '-'");
	name("ALL",
	    "'ALL' cannot be the name of a jail: the word has a "
	    "meaning on the command line");
	name("default",
	    "'default' cannot be the name of a jail: the word has "
	    "a meaning on the command line");
	name("0123456789012345678901234567890123456789012345678901234567890123",
	    "the name '01234567890123456789...' has 64 bytes; 63 is the most");
	is_str(fold, "a_b_c", "dots and underscores fall together");
}

static struct conf *
parse(const char *text)
{
	struct conf *conf = NULL;
	struct err err = { 0 };

	if (conf_parse(text, strlen(text), "config.json", &conf, &err) < 0)
		printf("# %s\n", err.msg);
	return conf;
}

static void
test_round_trip(void)
{
	static const char *const text = "{\n"
					"    \"boot\": 1,\n"
					"    \"future\": {\n"
					"        \"a\": [\n"
					"            1,\n"
					"            null,\n"
					"            \"ü\"\n"
					"        ]\n"
					"    },\n"
					"    \"host_hostname\": \"web\",\n"
					"    \"zz_note\": \"kept\"\n"
					"}\n";
	_cleanup_(conf_freep) struct conf *conf = parse(text);
	_cleanup_free_ char *same = conf_text(conf), *other = NULL;
	struct strv unknown = { 0 };

	is_str(same, text, "what is read is written, unknown keys too");
	conf_unknown(conf, &unknown);
	is_int(unknown.n, 2, "two keys are no property");
	is_str(unknown.v[0], "future", "the first of them");
	strv_clear(&unknown);
	is_str(conf_own(conf, "boot"), "1", "a number is text");
	conf_put(conf, "boot", "0");
	conf_put(conf, "priority", "5");
	conf_remove(conf, "future");
	other = conf_text(conf);
	is_str(other,
	    "{\n"
	    "    \"boot\": 0,\n"
	    "    \"host_hostname\": \"web\",\n"
	    "    \"priority\": \"5\",\n"
	    "    \"zz_note\": \"kept\"\n"
	    "}\n", "booleans are written as numbers, numbers as text");
}

static void
broken(const char *text, size_t len, const char *want)
{
	struct conf *conf = NULL;
	struct err err = { 0 };

	ok(conf_parse(text, len, "web", &conf, &err) < 0 && !conf,
	    "%.20s is refused", text);
	is_str(err.msg, want, "and the sentence says where");
}

static void
test_broken(void)
{
	char *deep = xmalloc(200001);

	memset(deep, '[', 200000);
	deep[200000] = '\0';
	broken("{\n  \"a\": }", 10,
	    "web: line 2, column 8: unexpected token near '}'");
	broken("", 0,
	    "web: line 1, column 0: '[' or '{' expected near end "
	    "of file");
	broken("[1]", 3, "web: it holds no object: '{' is expected");
	broken("{\"a\":1,\"a\":2}", 13,
	    "web: line 1, column 10: duplicate object key near '\"a\"'");
	broken("{\"boot\":[1]}", 12,
	    "web: the value of 'boot' is neither text, a whole number nor a "
	    "boolean");
	broken("{\"a\":\"x\\u0000y\"}", 16,
	    "web: line 1, column 15: \\u0000 is not allowed without "
	    "JSON_ALLOW_NUL near '\"x\\u0000y\"'");
	broken(deep, 200000,
	    "web: line 1, column 2049: maximum parsing depth "
	    "reached near '['");
	free(deep);
}

static void
test_layers(void)
{
	_cleanup_(conf_freep) struct conf *jail = parse("{\"priority\":\"3\"}");
	_cleanup_(conf_freep) struct conf *defaults =
	    parse("{\"priority\":\"50\",\"boot\":1,\"exec_timeout\":\"x\"}");

	is_str(conf_get(jail, defaults, "priority"), "3", "the jail's counts");
	is_str(conf_get(jail, defaults, "boot"), "1", "else the defaults'");
	is_str(conf_get(jail, defaults, "notes"), "none", "else built in");
	ok(conf_get(jail, NULL, "nonsense") == NULL, "else there is none");
	is_int(conf_get_int(jail, defaults, "priority"), 3, "as a number");
	is_int(conf_get_int(jail, defaults, "exec_timeout"), 60,
	    "a number that is none counts as the default");
	ok(conf_get_bool(jail, defaults, "boot"), "as a boolean");
}

static void
count_warning(void *arg, const char *sentence)
{
	struct str *all = arg;

	str_printf(all, "%s\n", sentence);
}

static void
test_check(void)
{
	_cleanup_(conf_freep) struct conf *fine =
	    parse("{\"release\":\"x\",\"interfaces\":\"vnet0:b\",\"boot\":1}");
	_cleanup_(conf_freep) struct conf *vnet = parse("{\"vnet\":1}");
	_cleanup_(str_clear) struct str warnings = STR_INIT;
	struct err err = { 0 };

	is_int(conf_check(fine, NULL, count_warning, &warnings, &err), 0,
	    "what is accepted may start");
	is_str(warnings.buf, "property 'interfaces' is 'vnet0:b' without "
	    "effect: it counts only with vnet=1\n", "with one warning each");
	is_int(conf_check(vnet, NULL, NULL, NULL, &err), -ENOTSUP,
	    "what is refused may not start, though a file says it");
	is_int(conf_check(NULL, vnet, NULL, NULL, &err), -ENOTSUP,
	    "nor though the defaults say it");
}

static void
test_files(void)
{
	char dir[] = "/tmp/gaol-conf.XXXXXX";
	_cleanup_(conf_freep) struct conf *conf = parse("{\"notes\":\"x\"}");
	_cleanup_(conf_freep) struct conf *back = NULL;
	_cleanup_close_ int fd = -1;
	struct err err = { 0 };

	conf_fill(conf);
	ok(mkdtemp(dir) != NULL, "a directory");
	fd = open(dir, O_DIRECTORY | O_CLOEXEC);
	is_int(conf_read(fd, "x", "x", &back, &err), -ENOENT, "no file");
	is_int(conf_write(fd, "x", conf, &err), 0, "written");
	is_int(conf_read(fd, "x", "x", &back, &err), 0, "read");
	is_str(conf_own(back, "CONFIG_VERSION"), "34", "with its version");
	is_str(conf_own(back, "exec_start"), "/bin/sh /etc/rc", "and values");
	is_str(conf_own(back, "notes"), "x", "what was there stays");
	ok(conf_own(back, "release") == NULL, "but no record of a jail");
	(void)unlinkat(fd, "x", 0);
	(void)rmdir(dir);
}

int
main(void)
{
	test_table();
	test_values();
	test_limits();
	test_names();
	test_round_trip();
	test_broken();
	test_layers();
	test_check();
	test_files();
	return done_testing();
}
