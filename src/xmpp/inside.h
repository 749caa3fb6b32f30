/* What the files of this room share. */
#pragma once

#include "base/buf.h"
#include "xml/reader.h"
#include "xmpp/xmpp.h"

#define NS_COMPONENT "jabber:component:accept"
#define NS_STREAMS   "http://etherx.jabber.org/streams"
#define NS_HTTP_AUTH "http://jabber.org/protocol/http-auth"

struct confirms;

const struct xmpp_options *xmpp_options_of(const struct xmpp *xmpp);

/* Extension 0, 1, ...; NULL behind the last. */
const struct xmpp_extension *xmpp_extension(const struct xmpp *xmpp, size_t number);

/* Who gets the answers to what we asked; NULL: nobody. */
void xmpp_set_confirms(struct xmpp *xmpp, struct confirms *confirms);
struct confirms *xmpp_confirms(struct xmpp *xmpp);

/* Who gets the answers to what was asked of servers; NULL: nobody. */
struct survey;
void xmpp_set_survey(struct xmpp *xmpp, struct survey *survey);
struct survey *xmpp_survey(struct xmpp *xmpp);

/* True: it was an answer to the survey. */
bool survey_take(struct survey *survey, const struct stanza *stanza);

/* A stanza has come, from wherever: checks it, finds its row, answers. */
void stanza_take(struct xmpp *xmpp, struct arena *arena, const struct xml_node *node);

/* One that was over a limit: only its start tag is there. */
void stanza_refuse(struct xmpp *xmpp, struct arena *arena, const struct xml_node *start_tag);

void disco_info(struct xmpp *xmpp, const struct stanza *stanza);
void disco_items(struct xmpp *xmpp, const struct stanza *stanza);

/* Answers to prompts, and what may be none. */
void confirm_take_iq(struct confirms *confirms, const struct stanza *stanza);
void confirm_take_message(struct confirms *confirms, const struct stanza *stanza);

/* Of whatever comes from an account's clients: the language that they speak. */
void confirm_hear(struct confirms *confirms, const struct stanza *stanza);
