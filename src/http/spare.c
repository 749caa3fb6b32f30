#include "http/spare.h"

#include "http/connection.h"

enum { KEPT_MAX = 4096 /* bytes of a buffer */ };

void spare_take_up(struct connection *connection)
{
	struct worker *worker = connection->worker;
	struct spare *spare;

	if (connection->in.size > 0 || connection->request.arena || worker->spare_count == 0)
		return;
	spare = &worker->spares[--worker->spare_count];
	connection->request.arena = spare->arena;
	connection->in = spare->in;
	connection->out = spare->out;
}

void spare_put_down(struct connection *connection)
{
	struct worker *worker = connection->worker;
	struct request *request = &connection->request;

	if (connection->in.len > 0)
		return;
	if (worker->spare_count == SPARES || connection->in.size > KEPT_MAX ||
		connection->out.size > KEPT_MAX) {
		request_free(request);
		buf_free(&connection->in);
		buf_free(&connection->out);
		return;
	}
	worker->spares[worker->spare_count++] =
		(struct spare){request->arena, connection->in, connection->out};
	request->arena = NULL;
	connection->in = connection->out = (struct buf){0};
}

void spares_free(struct worker *worker)
{
	while (worker->spare_count > 0) {
		struct spare *spare = &worker->spares[--worker->spare_count];

		arena_free(spare->arena);
		buf_free(&spare->in);
		buf_free(&spare->out);
	}
}
