/* In libFuzzer's place: runs the files of the directories that it is given, so that seeds and what was found are tests. */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Not every fuzzer has one. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

/* In memory that ends with the input, so that ASan sees who reads on. */
static void run_file(const char *path)
{
	FILE *file = fopen(path, "re");
	uint8_t *bytes = NULL;
	size_t size = 0, got;

	if (!file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	do {
		bytes = realloc(bytes, size + 4096);
		if (!bytes)
			abort();
		got = fread(bytes + size, 1, 4096, file);
		size += got;
	} while (got > 0);
	fclose(file);
	bytes = realloc(bytes, size ? size : 1);
	if (!bytes)
		abort();
	/* What stands last when it ends here is the culprit. */
	if (getenv("REPLAY_VERBOSE"))
		fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
}

int main(int argc, char **argv)
{
	struct dirent **names;
	int files = 0;

	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		int count = scandir(argv[i], &names, NULL, alphasort);

		for (int j = 0; j < count; j++) {
			char path[4096];

			snprintf(path, sizeof(path), "%s/%s", argv[i], names[j]->d_name);
			if (names[j]->d_name[0] != '.') {
				run_file(path);
				files++;
			}
			free(names[j]);
		}
		if (count >= 0)
			free(names);
	}
	printf("%d inputs\n", files);
	/* A corpus that is not there would prove nothing. */
	return files == 0;
}
