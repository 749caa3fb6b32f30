#include "xmpp/survey.h"

#include "base/codec.h"
#include "base/digest.h"
#include "base/loop.h"
#include "base/mailbox.h"
#include "xml/writer.h"
#include "xmpp/inside.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_ITEMS "http://jabber.org/protocol/disco#items"
#define NS_INFO  "http://jabber.org/protocol/disco#info"
#define NS_TIME  "urn:xmpp:time"

enum { DOMAINS_ASKED = 4 };

struct survey {
	struct xmpp *xmpp;
	struct mailbox *wishes;
	const char *domains;
	char id[RANDOM_ID]; /* of what is asked now: only its answers count */
	atomic_int listed, reached;
	atomic_bool has_time;
	_Atomic int64_t ahead;
};

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void ask(struct survey *survey, const char *to, const char *name, const char *ns)
{
	struct buf out = {0};

	xml_write(&out, "<iq type='get' from='", xmpp_domain(survey->xmpp), "' to='", to, "' id='",
		survey->id, "'><", name, " xmlns='", ns, "'/></iq>", NULL);
	xmpp_send(survey->xmpp, &out);
	buf_free(&out);
}

static void begin(struct survey *survey)
{
	char domains[1024], *rest = domains, *domain;

	random_id(survey->id);
	atomic_store(&survey->listed, SURVEY_UNKNOWN);
	atomic_store(&survey->reached, SURVEY_UNKNOWN);
	atomic_store(&survey->has_time, false);
	snprintf(domains, sizeof(domains), "%s", survey->domains);
	for (int i = 0; i < DOMAINS_ASKED && (domain = strtok_r(rest, " ", &rest)); i++) {
		ask(survey, domain, "query", NS_ITEMS);
		if (i == 0)
			ask(survey, domain, "time", NS_TIME);
	}
	ask(survey, xmpp_domain(survey->xmpp), "query", NS_INFO);
}

static void take_wishes(void *arg, struct message *list)
{
	while (list) {
		struct message *wish = list;

		list = list->next;
		free(wish);
	}
	begin(arg);
}

static bool lists_us(const struct survey *survey, const struct xml_node *items)
{
	for (const struct xml_node *item = xml_first_element(items); item;
		item = xml_next_element(item)) {
		const char *jid = xml_attribute(item, "jid");

		if (jid && strcmp(jid, xmpp_domain(survey->xmpp)) == 0)
			return true;
	}
	return false;
}

static void take_time(struct survey *survey, const struct stanza *stanza)
{
	const struct xml_node *utc = xml_child(stanza->payload, NS_TIME, "utc");
	int64_t told;

	if (!utc || iso_date_parse(xml_text_trimmed(stanza->arena, utc), &told) < 0)
		return;
	atomic_store(&survey->ahead, told - now());
	atomic_store(&survey->has_time, true);
}

/* The question was only to servers and ourselves: an answer from an account is none. */
bool survey_take(struct survey *survey, const struct stanza *stanza)
{
	bool from_us = strcmp(stanza->from.bare, xmpp_domain(survey->xmpp)) == 0;

	if (strcmp(stanza->id, survey->id) != 0 || jid_has_localpart(&stanza->from))
		return false;
	if (!stanza->payload || strcmp(stanza->type, "result") != 0)
		return true;
	if (from_us)
		atomic_store(&survey->reached,
			xml_is(stanza->payload, NS_INFO, "query") ? SURVEY_YES : SURVEY_NO);
	else if (xml_is(stanza->payload, NS_TIME, "time"))
		take_time(survey, stanza);
	else if (xml_is(stanza->payload, NS_ITEMS, "query") && lists_us(survey, stanza->payload))
		atomic_store(&survey->listed, SURVEY_YES);
	else if (atomic_load(&survey->listed) == SURVEY_UNKNOWN)
		atomic_store(&survey->listed, SURVEY_NO);
	return true;
}

struct survey *survey_open(struct xmpp *xmpp, struct loop *loop, const char *domains)
{
	struct survey *survey = calloc(1, sizeof(*survey));

	if (!survey)
		abort();
	survey->xmpp = xmpp;
	survey->domains = domains;
	survey->wishes = mailbox_open(loop, take_wishes, survey);
	random_id(survey->id);
	xmpp_set_survey(xmpp, survey);
	return survey;
}

void survey_close(struct survey *survey)
{
	if (!survey)
		return;
	xmpp_set_survey(survey->xmpp, NULL);
	mailbox_close(survey->wishes);
	free(survey);
}

void survey_ask(struct survey *survey)
{
	struct message *wish = calloc(1, sizeof(*wish));

	if (!wish)
		abort();
	mailbox_post(survey->wishes, wish);
}

struct survey_found survey_look(const struct survey *survey)
{
	return (struct survey_found){
		.listed = (enum survey_answer)atomic_load(&survey->listed),
		.reached = (enum survey_answer)atomic_load(&survey->reached),
		.has_time = atomic_load(&survey->has_time),
		.ahead = atomic_load(&survey->ahead),
	};
}
