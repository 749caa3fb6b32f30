#include "base/arena.h"
#include "base/text.h"
#include "client/client.h"
#include "client/download.h"
#include "client/offer.h"
#include "xml/reader.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A file that somebody offers, in the order of coming. */
struct offered {
	struct offered *next;
	char *from, *url;
};

struct inbox {
	struct offered *first, **end;
};

enum { LAST_DELAY = 60 }; /* seconds */

/* Who waits is ended by a signal at once and well; while a file comes, signals do what they always do. */
struct waiting {
	sigset_t ending, before;
	bool ended;
};

static void begin_waiting(struct waiting *waiting)
{
	sigprocmask(SIG_BLOCK, &waiting->ending, &waiting->before);
}

static void stop_waiting(const struct waiting *waiting)
{
	sigprocmask(SIG_SETMASK, &waiting->before, NULL);
}

/* Whether the user has had enough, or has within so many seconds. */
static bool is_ended(struct waiting *waiting, unsigned seconds)
{
	const struct timespec time = {.tv_sec = seconds};

	waiting->ended = waiting->ended || sigtimedwait(&waiting->ending, NULL, &time) > 0;
	return waiting->ended;
}

static void put(struct inbox *inbox, const char *from, const char *url)
{
	struct offered *offered = calloc(1, sizeof(*offered));

	if (!offered)
		abort();
	offered->from = strdup(from);
	offered->url = strdup(url);
	*inbox->end = offered;
	inbox->end = &offered->next;
}

/* What the server gives to us it gives to nobody else: a message that is no offer is at least shown. */
static void show_message(struct arena *arena, const char *from, const struct xml_node *message)
{
	/* libstrophe leaves out the stream's own namespace. */
	const struct xml_node *body = xml_child(message, message->ns, "body");
	char *text = body ? (char *)xml_text(arena, body) : NULL;

	if (!text || !*text)
		return;
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	fprintf(stderr, "missive: message from %s: %s\n", from, client_shown(text));
}

static void take(void *arg, const struct xml_node *message)
{
	const char *type = xml_attribute(message, "type"), *from = xml_attribute(message, "from"),
		   *url;
	struct arena *arena = arena_new();
	struct jid jid;

	if (from && jid_parse(arena, from, &jid) == 0 && !(type && strcmp(type, "error") == 0)) {
		url = offer_url(arena, message);
		if (url && text_is_presentable(url))
			put(arg, jid.bare, url);
		else
			show_message(arena, jid.bare, message);
	}
	arena_free(arena);
}

static bool is_accepted(struct client *client, const char *from)
{
	for (const char **one = client->accepted; *one; one++)
		if (strcmp(*one, from) == 0)
			return true;
	return client->yes;
}

/* 1: fetch it; 0: do not. */
static bool ask(struct client *client, const struct offered *offered)
{
	char line[16];

	if (is_accepted(client, offered->from))
		return true;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		fprintf(stderr,
			"missive: %s offers %s; nobody is here to ask. Fetch it with: missive get "
			"%s\n",
			offered->from, offered->url, offered->url);
		return false;
	}
	fprintf(stderr, "%s offers %s\nFetch it? [y/N] ", offered->from, offered->url);
	return fgets(line, sizeof(line), stdin) && (*line == 'y' || *line == 'Y');
}

/* 0, or 1 when something that was accepted did not come. */
static int fetch_all(struct client *client, struct inbox *inbox)
{
	const char *folder = client->output ? client->output : ".";
	int code = 0;

	while (inbox->first) {
		struct offered *offered = inbox->first;

		if (ask(client, offered))
			code |= download(
				client, arena_strdup(client->arena, offered->url), folder, NULL);
		inbox->first = offered->next;
		if (!inbox->first)
			inbox->end = &inbox->first;
		free(offered->from);
		free(offered->url);
		free(offered);
	}
	return code;
}

/* When the answer comes, all that was kept for us has come before it. */
static int wait_for_kept(struct client *client)
{
	const struct xml_node *answer;

	return session_iq(client->session, client->arena, "get",
		session_jid(client->session)->domain, "<ping xmlns='urn:xmpp:ping'/>", &answer);
}

/* Online, with all that was kept for us in the inbox: 0 or negative errno. */
static int listen_to(struct client *client, struct inbox *inbox)
{
	session_on_message(client->session, take, inbox);
	session_go_online(client->session);
	return wait_for_kept(client);
}

/* The stream was lost: comes back, later and later, until it is there again or the user has enough. */
static void come_back(struct client *client, struct inbox *inbox, struct waiting *waiting)
{
	char error[512];

	fprintf(stderr, "missive: %s; trying again\n", session_error(client->session));
	session_close(client->session);
	client->session = NULL;
	for (unsigned seconds = 1; !is_ended(waiting, seconds);
		seconds = seconds < LAST_DELAY ? seconds * 2 : seconds) {
		if (session_open(&client->session, &client->account, error, sizeof(error)) < 0)
			continue;
		if (listen_to(client, inbox) == 0) {
			fprintf(stderr, "missive: online again\n");
			return;
		}
		session_close(client->session);
		client->session = NULL;
	}
}

int receive_command(struct client *client, int argc, char **argv)
{
	struct inbox inbox = {.end = &inbox.first};
	struct waiting waiting = {.ended = false};
	int code = 0;

	if (argc > 0)
		return client_fail("receive takes no files; -o FOLDER tells where to put them");
	if (listen_to(client, &inbox) < 0)
		return client_fail("%s", session_error(client->session));
	code = fetch_all(client, &inbox);
	if (client->once)
		return code;
	sigemptyset(&waiting.ending);
	sigaddset(&waiting.ending, SIGINT);
	sigaddset(&waiting.ending, SIGTERM);
	begin_waiting(&waiting);
	fprintf(stderr, "missive: waiting for files; end with Ctrl-C\n");
	while (!is_ended(&waiting, 0)) {
		if (session_turn(client->session, 200) < 0)
			come_back(client, &inbox, &waiting);
		if (inbox.first && !is_ended(&waiting, 0)) {
			stop_waiting(&waiting);
			code |= fetch_all(client, &inbox);
			begin_waiting(&waiting);
		}
	}
	return code;
}

int get_command(struct client *client, int argc, char **argv)
{
	char *path, *slash;

	if (argc != 1)
		return client_fail("get takes one URL");
	if (!client->output)
		return download(client, argv[0], ".", NULL);
	path = arena_strdup(client->arena, client->output);
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	return download(client, argv[0],
		!slash  ? "."
		: *path ? path
			: "/",
		slash ? slash + 1 : path);
}
