#include "base/arena.h"
#include "base/text.h"
#include "client/client.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct command {
	const char *name;
	int (*run)(struct client *client, int argc, char **argv);
	const char *arguments, *does;
} commands[] = {
	{"send",     send_command,     "FILE... JID...",        "send files to exactly these people, who may be offline"},
	{"receive",  receive_command,  "[--once] [-o FOLDER]",  "wait for files that are offered, and fetch them"},
	{"get",      get_command,      "URL [-o FILE]",         "fetch one file"},
	{"ls",       ls_command,       "[-l] [URL]",            "list what is yours or shared with you"},
	{"share",    share_command,    "URL [JID...]",          "show who may read a file, or set it"},
	{"rm",       rm_command,       "URL...",                "delete files"},
	{"password", password_command, "new|ls|rm NUMBER...",   "make, list and revoke app passwords for WebDAV clients"},
};

static const struct option options[] = {
	{"account",     required_argument, NULL, 'a'},
	{"ca-file",     required_argument, NULL, 'C'},
	{"service",     required_argument, NULL, 's'},
	{"allow-plain", no_argument,       NULL, 'P'},
	{"output",      required_argument, NULL, 'o'},
	{"accept",      required_argument, NULL, 'A'},
	{"yes",         no_argument,       NULL, 'y'},
	{"once",        no_argument,       NULL, '1'},
	{"none",        no_argument,       NULL, 'N'},
	{"inherit",     no_argument,       NULL, 'I'},
	{"label",       required_argument, NULL, 'L'},
	{"read-only",   no_argument,       NULL, 'R'},
	{"collection",  required_argument, NULL, 'c'},
	{"expires",     required_argument, NULL, 'E'},
	{"notify",      no_argument,       NULL, 'n'},
	{"long",        no_argument,       NULL, 'l'},
	{"help",        no_argument,       NULL, 'h'},
	{"version",     no_argument,       NULL, 'V'},
	{NULL,          0,                 NULL, 0},
};
/* clang-format on */

enum { COMMANDS = sizeof(commands) / sizeof(*commands), USAGE = 2 };

static void print_usage(FILE *out)
{
	fputs("usage: missive COMMAND ARGUMENT... [OPTION...]\n\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  missive %-8s %-22s %s\n", commands[i].name, commands[i].arguments,
			commands[i].does);
	fputs("\n"
	      "  --account FILE   jid = and password =; else MISSIVE_JID and MISSIVE_PASSWORD, "
	      "else\n"
	      "                   ~/.config/missive/missive.conf\n"
	      "  --ca-file FILE   authorities to trust in place of the system's\n"
	      "  --service JID    the file service, where the server does not list it\n"
	      "  --allow-plain    also over HTTP without TLS to other machines\n"
	      "  -o PATH          get, receive: where to put what comes; nothing is ever "
	      "overwritten\n"
	      "  --accept JID     receive: fetch what this person offers without asking; "
	      "repeatable\n"
	      "  --yes            receive: fetch everything without asking\n"
	      "  --expires TIME   send: the files are deleted after that, as in 12h, 7d or 2w;\n"
	      "                   password new: it is good for that long\n"
	      "  --once           send: each file is deleted a day or so after all have fetched "
	      "it;\n"
	      "                   receive: only what was kept for you, then end\n"
	      "  --notify         send: you are told over XMPP when somebody has fetched them\n"
	      "  -l               ls: until when a file of yours is kept, and who has fetched it\n"
	      "  --none           share: nobody but you may read it\n"
	      "  --inherit        share: who may read its folder may read it\n"
	      "  --label TEXT     password new: what it is for\n"
	      "  --read-only      password new: for reading only\n"
	      "  --collection URL password new: for that folder and what is in it only\n"
	      "See missive(1).\n",
		out);
}

int client_fail(const char *format, ...)
{
	va_list args;

	fputs("missive: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return 1;
}

const char *client_shown(const char *text)
{
	return text_is_presentable(text) ? text : "(unprintable)";
}

struct choices {
	const char *account, *ca_file, *service;
	bool allow_plain, help, version;
};

/* A JID that is no JID would never be accepted: better to say so. */
static int accept_jid(struct client *client, const char *text)
{
	size_t count = 0;
	struct jid jid;

	if (jid_parse(client->arena, text, &jid) < 0 || !jid_is_bare(&jid))
		return client_fail(
			"--accept %s: this is no bare JID, as in juliet@capulet.lit", text);
	while (client->accepted[count])
		count++;
	client->accepted[count] = jid.bare;
	return 0;
}

/* 0, or the exit code. */
static int read_options(struct client *client, struct choices *choices, int argc, char **argv)
{
	int option;

	client->accepted =
		arena_alloc(client->arena, (size_t)(argc + 1) * sizeof(*client->accepted));
	while ((option = getopt_long(argc, argv, "o:ylhV", options, NULL)) != -1) {
		switch (option) {
		case 'a':
			choices->account = optarg;
			break;
		case 'C':
			choices->ca_file = optarg;
			break;
		case 's':
			choices->service = optarg;
			break;
		case 'P':
			choices->allow_plain = true;
			break;
		case 'o':
			client->output = optarg;
			break;
		case 'A':
			if (accept_jid(client, optarg))
				return USAGE;
			break;
		case 'y':
			client->yes = true;
			break;
		case '1':
			client->once = true;
			break;
		case 'N':
			client->none = true;
			break;
		case 'I':
			client->inherit = true;
			break;
		case 'L':
			client->label = optarg;
			break;
		case 'R':
			client->read_only = true;
			break;
		case 'c':
			client->collection = optarg;
			break;
		case 'E':
			client->expires = optarg;
			break;
		case 'n':
			client->notify = true;
			break;
		case 'l':
			client->detailed = true;
			break;
		case 'h':
			choices->help = true;
			break;
		case 'V':
			choices->version = true;
			break;
		default:
			return USAGE;
		}
	}
	return 0;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; name && i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int run(struct client *client, const struct choices *choices, const struct command *command,
	int argc, char **argv)
{
	char error[1024];
	int code;

	if (account_load(client->arena, choices->account, &client->account, error, sizeof(error)) <
		0)
		return client_fail("%s", error);
	if (choices->ca_file)
		client->account.ca_file = choices->ca_file;
	if (choices->service &&
		account_set_service(client->arena, &client->account, choices->service) < 0)
		return client_fail(
			"--service %s: this is no JID, as in files.montague.lit", choices->service);
	client->account.allow_plain |= choices->allow_plain;
	if (session_open(&client->session, &client->account, error, sizeof(error)) < 0)
		return client_fail("%s", error);
	code = command->run(client, argc, argv);
	session_close(client->session);
	return code;
}

int main(int argc, char **argv)
{
	struct client client = {.arena = arena_new()};
	struct choices choices = {0};
	const struct command *command;
	int code = read_options(&client, &choices, argc, argv);

	signal(SIGPIPE, SIG_IGN);
	command = code == 0 ? find_command(argv[optind]) : NULL;
	if (code == 0 && choices.help)
		print_usage(stdout);
	else if (code == 0 && choices.version)
		puts("missive " MISSIVE_VERSION);
	else if (command)
		code = run(&client, &choices, command, argc - optind - 1, argv + optind + 1);
	else {
		print_usage(stderr);
		code = USAGE;
	}
	arena_free(client.arena);
	return code;
}
