/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol pool create: a pool on a device, in an image or a directory. */
#include "cli/cli.h"
#include "store/store.h"

struct create_opts {
	bool force;
	const char *image, *dir;
	uint64_t size;
};

static const struct cli_opt create_options[] = {
	CLI_FLAG('f', "force", struct create_opts, force,
	    "take a device with what is on it"),
	CLI_STR(0, "image", "FILE", struct create_opts, image,
	    "make the pool in a new file"),
	CLI_SIZE(0, "size", "SIZE", struct create_opts, size,
	    "size of the image, as 8G"),
	CLI_STR(0, "dir", "DIR", struct create_opts, dir,
	    "make the pool in a directory that is empty or not there"),
	CLI_OPT_END
};

/* Exactly one of DEVICE, --image, --dir. */
static int
create_spec(const struct create_opts *o, int argc, char **argv,
    struct pool_spec *ret, struct err *err)
{
	int ways = (argc == 2) + (o->image != NULL) + (o->dir != NULL);

	if (ways != 1)
		return cli_usage(
		    err, "a pool is made on one of DEVICE, --image, --dir");
	if ((o->image != NULL) != (o->size > 0))
		return cli_usage(err, "--image and --size go together");
	if (o->force && argc != 2)
		return cli_usage(err, "-f is for a device");
	*ret = (struct pool_spec){
		.name = argv[0],
		.kind = o->image != NULL ? POOL_IMAGE
		    : o->dir != NULL	 ? POOL_DIR
					 : POOL_DEVICE,
		.source = o->image != NULL ? o->image
		    : o->dir != NULL	   ? o->dir
					   : argv[1],
		.size = o->size,
		.force = o->force,
	};
	return 0;
}

static int
create_run(
    struct cli *c, const void *opts, int argc, char **argv, struct err *err)
{
	_cleanup_(str_clear) struct str plan = STR_INIT;
	struct pool_spec spec;
	int r = create_spec(opts, argc, argv, &spec, err);

	if (r != 0)
		return r;
	r = pool_create(&spec, c->plan ? &plan : NULL, err);
	if (r < 0)
		return r;
	fputs(plan.buf, stdout);
	if (!c->plan)
		cli_say(c, "pool '%s' is made and mounted at /%s", argv[0],
		    argv[0]);
	return 0;
}

const struct cli_verb cmd_pool_create = {
	.name = "create",
	.args = "NAME DEVICE | NAME --image FILE --size SIZE | NAME --dir DIR",
	.summary = "make a pool and mount it at /NAME",
	.help = "A device or an image gets a btrfs. A directory stays what it"
		" is: clones share blocks where its file system can (xfs,"
		" btrfs), else they are copies.",
	.min_args = 1,
	.max_args = 2,
	.flags = CLI_ROOT | CLI_WRITES,
	.options = create_options,
	.opts_size = sizeof(struct create_opts),
	.run = create_run,
};
