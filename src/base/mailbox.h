/*
 * How threads talk: messages posted to a loop from anywhere arrive there in the order of posting, as many
 * at a time as have gathered. The only mutex of the house is in here.
 */
#pragma once

struct loop;
struct mailbox;

/* The first member of whatever is posted; the receiver owns it from then on. */
struct message {
	struct message *next;
};

/* `handle` gets the whole gathered list, oldest first, on the loop's thread. */
struct mailbox *mailbox_open(
	struct loop *loop, void (*handle)(void *arg, struct message *list), void *arg);

/* From any thread. */
void mailbox_post(struct mailbox *mailbox, struct message *message);

/*
 * On the loop's thread: handles what is left, then closes. Whoever may still post must have been stopped.
 */
void mailbox_close(struct mailbox *mailbox);
