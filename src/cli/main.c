/* SPDX-License-Identifier: BSD-2-Clause */
/* gaol, also installed as iocage. */
#include "cli/cli.h"

int
main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
