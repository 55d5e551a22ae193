/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives every file of a corpus directory to a fuzz target, as TAP. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
run_file(const char *dir, const char *name)
{
	char path[4096];
	uint8_t *data = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (f == NULL)
		return 0;
	for (size_t n = 1; n > 0; size += n) {
		data = realloc(data, size + 65536);
		n = fread(data + size, 1, 65536, f);
	}
	fclose(f);
	/* An exact copy, so that reading one byte too many is seen. */
	uint8_t *exact = malloc(size ? size : 1);
	memcpy(exact, data, size);
	free(data);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 1;
}

int
main(int argc, char **argv)
{
	struct dirent *e;
	int files = 0;
	DIR *d;

	if (argc != 2 || (d = opendir(argv[1])) == NULL) {
		fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
		return 2;
	}
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			files += run_file(argv[1], e->d_name);
	closedir(d);
	printf("%sok 1 - %d inputs replayed without a finding\n1..1\n",
	    files > 0 ? "" : "not ", files);
	return files == 0;
}
