#include "base/mailbox.h"

#include "base/loop_uv.h"

#include <pthread.h>
#include <stdlib.h>

struct mailbox {
	uv_async_t async; /* first: closed() frees what it is given */
	pthread_mutex_t mutex;
	struct message *first, **end; /* under the mutex */
	void (*handle)(void *arg, struct message *list);
	void *arg;
};

static struct message *take_all(struct mailbox *mailbox)
{
	pthread_mutex_lock(&mailbox->mutex);
	struct message *list = mailbox->first;
	mailbox->first = NULL;
	mailbox->end = &mailbox->first;
	pthread_mutex_unlock(&mailbox->mutex);
	return list;
}

static void arrived(uv_async_t *async)
{
	struct mailbox *mailbox = (struct mailbox *)async;
	struct message *list = take_all(mailbox);
	if (list)
		mailbox->handle(mailbox->arg, list);
}

struct mailbox *mailbox_open(
	struct loop *loop, void (*handle)(void *arg, struct message *list), void *arg)
{
	struct mailbox *mailbox = calloc(1, sizeof(*mailbox));
	if (!mailbox || pthread_mutex_init(&mailbox->mutex, NULL) != 0 ||
		uv_async_init(loop_uv(loop), &mailbox->async, arrived) < 0)
		abort();
	mailbox->end = &mailbox->first;
	mailbox->handle = handle;
	mailbox->arg = arg;
	return mailbox;
}

void mailbox_post(struct mailbox *mailbox, struct message *message)
{
	message->next = NULL;
	pthread_mutex_lock(&mailbox->mutex);
	*mailbox->end = message;
	mailbox->end = &message->next;
	/* Inside: after the unlock the receiver could take the message, be told to end and close. */
	uv_async_send(&mailbox->async);
	pthread_mutex_unlock(&mailbox->mutex);
}

static void closed(uv_handle_t *handle)
{
	struct mailbox *mailbox = (struct mailbox *)handle;
	pthread_mutex_destroy(&mailbox->mutex);
	free(mailbox);
}

void mailbox_close(struct mailbox *mailbox)
{
	if (!mailbox)
		return;
	arrived(&mailbox->async);
	uv_close((uv_handle_t *)&mailbox->async, closed);
}
