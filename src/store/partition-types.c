/* SPDX-License-Identifier: BSD-2-Clause */
/* What the type codes of partitions mean: GPT's GUIDs and DOS's bytes. */
#include "store/store-internal.h"

struct type {
	const char *code;
	const char *name;
	bool boot; /* raw code of the firmware or a boot loader */
};

static const struct type types[] = {
	{ "0fc63daf-8483-4772-8e79-3d69d8477de4", "Linux filesystem", false },
	{ "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "Linux swap", false },
	{ "e6d6d379-f507-44c2-a23c-238f2a3df928", "Linux LVM", false },
	{ "a19d880f-05fc-4d3b-a006-743f0f84911e", "Linux RAID", false },
	{ "ca7d7ccb-63ed-4c53-861c-1742536059cc", "Linux LUKS", false },
	{ "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "Linux root (x86-64)",
	    false },
	{ "b921b045-1df0-41c3-af44-4c6f280d3fae", "Linux root (ARM-64)",
	    false },
	{ "bc13c2ff-59e6-4262-a352-b275fd6f7172", "Linux extended boot", true },
	{ "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "EFI System", true },
	{ "21686148-6449-6e6f-744e-656564454649", "BIOS boot", true },
	{ "9e1a2d38-c612-4316-aa26-8b49521e5a8b", "PowerPC PReP boot", true },
	{ "e3c9e316-0b5c-4db8-817d-f92df00215ae", "Microsoft reserved", true },
	{ "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "Microsoft basic data",
	    false },
	{ "83bd6b9d-7f41-11dc-be0b-001560b84f0f", "freebsd-boot", true },
	{ "516e7cb4-6ecf-11d6-8ff8-00022d09712b", "freebsd", false },
	{ "516e7cb5-6ecf-11d6-8ff8-00022d09712b", "freebsd-swap", false },
	{ "516e7cb6-6ecf-11d6-8ff8-00022d09712b", "freebsd-ufs", false },
	{ "516e7cba-6ecf-11d6-8ff8-00022d09712b", "freebsd-zfs", false },
	{ "6a898cc3-1dd2-11b2-99a6-080020736631", "Solaris/ZFS", false },
	{ "0x82", "Linux swap", false },
	{ "0x83", "Linux", false },
	{ "0x8e", "Linux LVM", false },
	{ "0xa5", "FreeBSD", false },
	{ "0xef", "EFI System", true },
	{ "0xfd", "Linux RAID", false },
};

const char *
partition_type(const char *code, bool *ret_boot)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!streq(types[i].code, code))
			continue;
		*ret_boot = types[i].boot;
		return types[i].name;
	}
	*ret_boot = false;
	return NULL;
}
