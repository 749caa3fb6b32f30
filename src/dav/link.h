/*
 * Links: files that came through a slot (XEP-0363, 2: "anyone who knows the URL"), which anybody may read who has the URL, until their
 * owner changes what they are or who may read them. Which resource is one is the store's to say (store_link_make()), and whether it
 * may be read so is right_ask()'s.
 */
#pragma once

struct request;
struct tx;

/* 1: the request URL is a link that may be read; 0: it is none; negative errno. */
int link_find(struct request *request, struct tx *tx);
