/* SPDX-License-Identifier: BSD-2-Clause */
/* The store's parts that need no pool: the record, names, releases, types. */
#include <errno.h>

#include "store/store-internal.h"
#include "tap.h"

static const char record[] =
    "{\n"
    "    \"version\": 1,\n"
    "    \"active\": \"iocage\",\n"
    "    \"pools\": [\n"
    "        {\n"
    "            \"name\": \"iocage\",\n"
    "            \"backend\": \"btrfs\",\n"
    "            \"kind\": \"device\",\n"
    "            \"source\": \"/dev/da0p4\",\n"
    "            \"uuid\": \"409bfc2b-1431-49b8-bf77-6ece7c920c54\",\n"
    "            \"own_mountpoint\": true\n"
    "        },\n"
    "        {\n"
    "            \"name\": \"tank\",\n"
    "            \"backend\": \"dir\",\n"
    "            \"kind\": \"dir\",\n"
    "            \"source\": \"/srv/tank\",\n"
    "            \"reflink\": true\n"
    "        }\n"
    "    ]\n"
    "}\n";

static void
test_record(void)
{
	_cleanup_(pools_clear) struct pools pools = { 0 };
	_cleanup_(str_clear) struct str out = STR_INIT;
	struct err err = { 0 };
	struct pool *taken;

	is_int(pools_parse(record, "pools.json", &pools, &err), 0,
	    "a record is read");
	is_int(pools.n, 2, "both pools");
	ok(pools.n == 2 && pools.v[0]->active && !pools.v[1]->active,
	    "the active one is marked");
	ok(pools.n == 2 && pools.v[1]->reflink && pools.v[1]->uuid == NULL,
	    "a directory has reflinks and no UUID");
	is_str(pools.v[0]->path, "/iocage", "the mount point is made of it");
	pools_format(&pools, &out);
	is_str(out.buf, record, "what is written is what was read");
	taken = pools_take(&pools, "iocage");
	ok(taken != NULL && pools.n == 1 && pools_find(&pools, "tank") != NULL,
	    "one pool is taken, the other stays");
	pool_free(taken);
	ok(pools_take(&pools, "iocage") == NULL, "only once");
}

/* One word of the good record replaced; the message must name the cause. */
static void
refused(const char *from, const char *to, const char *cause)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	struct pools pools = { 0 };
	struct err err = { 0 };
	const char *at = strstr(record, from);

	str_addmem(&text, record, (size_t)(at - record));
	str_add(&text, to);
	str_add(&text, at + strlen(from));
	ok(pools_parse(text.buf, "pools.json", &pools, &err) == -EINVAL &&
		pools.n == 0 && strstr(err.msg, cause) != NULL &&
		str_starts(err.msg, "pools.json"),
	    "refused: %s", err.msg);
	pools_clear(&pools);
}

static void
test_record_refused(void)
{
	refused("\"version\": 1", "\"version\": 2", "version 2");
	refused("\"version\": 1,", "", "version");
	refused("\"name\": \"iocage\"", "\"name\": \"../etc\"", "'../etc'");
	refused("\"btrfs\"", "\"nilfs\"", "unknown back end 'nilfs'");
	refused("\"device\"", "\"tape\"", "unknown kind 'tape'");
	refused("/dev/da0p4", "da0p4", "no absolute path");
	refused("\"uuid\"", "\"guid\"", "no uuid");
	refused("\"tank\"", "\"iocage\"", "twice");
	refused("\"name\": \"tank\",", "", "name");
	refused("\"reflink\": true", "\"reflink\": 1", "");
	refused("\"tank\"", "\"tank", "pools.json:14:");
	refused("\"pools\": [", "\"pools\": 3, \"x\": [", "no list");
}

static void
test_names(void)
{
	static const char *const good[] = { "web", "a", "12.2-RELEASE", "A_b-c",
		"0" };
	static const char *const bad[] = { "", ".", "..", "-f", ".gaol", "a/b",
		"a b", "a\n", "\xc3\xa4",
		"0123456789012345678901234567890123456789012345678901234567890"
		"1234" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ok(store_name_ok(good[i]), "'%s' is a name", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(!store_name_ok(bad[i]), "bad name %zu is none", i);
}

static void
test_releases(void)
{
	const struct release_def *def = NULL;
	struct err err = { 0 };

	is_int(release_find("debian-12", "fetch", &def, &err), 0, "debian-12");
	is_str(def->suite, "bookworm", "is bookworm");
	is_int(release_find("latest", "fetch", &def, &err), 0, "latest");
	ok(def == release_latest() && streq(def->name, "debian-13"),
	    "is the newest");
	is_int(release_find("12.2-RELEASE", "fetch", &def, &err), -EINVAL,
	    "a FreeBSD name is refused");
	is_str(err.msg,
	    "'12.2-RELEASE' is a FreeBSD release, which a Linux kernel cannot "
	    "start: type  iocage fetch -r debian-13",
	    "with the line to type instead");
	is_int(release_find("13.0-RC3", "create -n web", &def, &err), -EINVAL,
	    "so is a release candidate");
	ok(strstr(err.msg, "iocage create -n web -r debian-13") != NULL,
	    "with create's line");
	is_int(release_find("debain-13", "fetch", &def, &err), -EINVAL,
	    "a typing error is refused");
	ok(strstr(err.msg, "did you mean 'debian-13'") != NULL,
	    "with the nearest name");
	is_int(release_find("12.2", "fetch", &def, &err), -EINVAL,
	    "a number is no release");
	ok(strstr(err.msg, "debian-12, debian-13") != NULL,
	    "and the names are told");
}

static void
test_partition_types(void)
{
	bool boot = false;

	is_str(partition_type("516e7cba-6ecf-11d6-8ff8-00022d09712b", &boot),
	    "freebsd-zfs", "the tutorial's partition");
	ok(!boot, "may be taken");
	is_str(partition_type("21686148-6449-6e6f-744e-656564454649", &boot),
	    "BIOS boot", "a boot loader's partition");
	ok(boot, "holds code, though it has no signature");
	is_str(partition_type("0x83", &boot), "Linux", "a DOS type");
	ok(partition_type("0x7b", &boot) == NULL && !boot,
	    "an unknown one has no name");
}

int
main(void)
{
	test_record();
	test_record_refused();
	test_names();
	test_releases();
	test_partition_types();
	return done_testing();
}
