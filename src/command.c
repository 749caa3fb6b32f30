#include "command.h"

#include "auth/password.h"
#include "base/arena.h"
#include "base/identity.h"
#include "base/log.h"
#include "base/text.h"
#include "check.h"
#include "store/backup.h"
#include "store/store.h"

#include <inttypes.h>
#include <string.h>

struct command {
	const char *name, *arguments, *help;
	int least, most; /* arguments */
	/* The exit status. */
	int (*run)(const struct config *config, bool repair, int argc, char **argv);
	bool repairs; /* --repair is one of its options */
	enum { MAKES_NOTHING, MAKES_ARGUMENT, MAKES_STORE } makes; /* which directory */
};

static int mint_password(const struct config *config, bool repair, int argc, char **argv)
{
	const char *label = argc > 1 ? argv[1] : "";
	struct arena *arena = arena_new();
	char secret[PASSWORD_TEXT], error[512];
	struct password kept;
	struct jid jid;
	int status = 1;

	password_mint(secret);
	if (jid_parse(arena, argv[0], &jid) < 0 || !jid_is_bare(&jid) || !jid_has_localpart(&jid)) {
		fprintf(stderr, "missived: %s is no account, as in romeo@montague.lit\n", argv[0]);
	} else if (strlen(label) > 255 || !text_is_presentable(label)) {
		fprintf(stderr, "missived: the label is too long, or cannot be shown\n");
	} else {
		kept = password_kept(arena, jid.bare, label, secret);
		status = store_password_add(config->store.path, &kept, error, sizeof(error)) < 0;
		if (status)
			fprintf(stderr, "missived: %s\n", error);
		else
			printf("%s\n", secret);
	}
	arena_free(arena);
	return status;
}

static int tell_copied(const char *what, const char *directory, const struct copied *copied)
{
	printf("%s %s: %" PRIu64 " files beside the database, %" PRIu64 " bytes, %" PRIu64
	       " of them new\n",
		what, directory, copied->files, copied->bytes, copied->fresh);
	if (copied->missing == 0)
		return 0;
	fprintf(stderr,
		"missived: %" PRIu64 " files that the database names are not there; see missived "
		"fsck\n",
		copied->missing);
	return 1;
}

static int back_up(const struct config *config, bool repair, int argc, char **argv)
{
	struct copied copied;
	char error[512];

	if (store_backup(config->store.path, argv[0], &copied, error, sizeof(error)) == 0)
		return tell_copied("backed up to", argv[0], &copied);
	fprintf(stderr, "missived: %s\n", error);
	return 1;
}

static int restore(const struct config *config, bool repair, int argc, char **argv)
{
	struct copied copied;
	char error[512];

	if (store_restore(argv[0], config->store.path, &copied, error, sizeof(error)) == 0)
		return tell_copied("restored to", config->store.path, &copied);
	fprintf(stderr, "missived: %s\n", error);
	return 1;
}

static void print_line(void *arg, const char *line)
{
	puts(line);
}

static int look_through(const struct config *config, bool repair, int argc, char **argv)
{
	struct checking checking = {.tell = print_line, .repair = repair};
	const char *path = config->store.path;
	char error[512];

	if (argc == 1)
		path = argv[0];
	if (store_fsck(path, &checking, error, sizeof(error)) < 0) {
		fprintf(stderr, "missived: %s\n", error);
		return 1;
	}
	printf("%s: %" PRIu64 " resources, %" PRIu64 " files, %" PRIu64 " bytes: ", path,
		checking.resources, checking.blobs, checking.bytes);
	if (checking.repaired)
		printf("%" PRIu64 " removed, ", checking.repaired);
	if (checking.wrong)
		printf("%" PRIu64 " wrong\n", checking.wrong);
	else
		puts("all is well");
	return checking.wrong > 0;
}

static int check(const struct config *config, bool repair, int argc, char **argv)
{
	return check_run(config);
}

static const struct command commands[] = {
	{"password", "JID [LABEL]", "mint an app password for that account and print it, once", 1,
		2, mint_password},
	{"backup", "DIR", "copy the store as it is now, also while the daemon runs", 1, 1, back_up,
		.makes = MAKES_ARGUMENT},
	{"restore", "DIR", "put a backup into a store that is absent or empty", 1, 1, restore,
		.makes = MAKES_STORE},
	{"check", "", "look at the daemon from outside and say what is wrong: exit 0 or 1", 0, 0,
		check},
	{"fsck", "[--repair] [DIR]",
		"look whether the store, or a backup, is whole: exit 0, or 1 and what is wrong", 0,
		1, look_through, true},
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

const struct command *command_find(int argc, char **argv, bool repair)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, argv[0]) == 0 && argc - 1 >= commands[i].least &&
			argc - 1 <= commands[i].most && (commands[i].repairs || !repair))
			return &commands[i];
	return NULL;
}

/* Root becomes whom the daemon becomes: what is written is then the daemon's, and what the daemon has written cannot lead root astray. */
static int become_user(const struct command *command, const struct config *config, char **argv,
	char *error, size_t size)
{
	struct identity identity;
	int result = identity_find(config->system.user, &identity, error, size);

	if (result < 0 || !identity.changes)
		return result;
	if (command->makes != MAKES_NOTHING)
		result = store_make(command->makes == MAKES_STORE ? config->store.path : argv[0],
			&identity, error, size);
	/* Whom it becomes is nothing to tell on each command. */
	log_threshold(LOG_WARNING);
	if (result == 0)
		result = identity_become(&identity, error, size);
	log_threshold(LOG_INFO);
	return result;
}

int command_run(const struct command *command, const struct config *config, bool repair, int argc,
	char **argv)
{
	char error[512];

	if (become_user(command, config, argv + 1, error, sizeof(error)) == 0)
		return command->run(config, repair, argc - 1, argv + 1);
	fprintf(stderr, "missived: %s\n", error);
	return 1;
}

void command_usage(FILE *out)
{
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "       missived [-c FILE] %s %s\n                               %s\n",
			commands[i].name, commands[i].arguments, commands[i].help);
}
