#include "http/begin.h"

#include "dav/method.h"
#include "http/connection.h"
#include "http/forwarded.h"
#include "http/metrics.h"
#include "http/own.h"
#include "http/seen.h"
#include "http/target.h"

#include <string.h>

const char *begin_sentence(int status)
{
	switch (status) {
	case 414:
		return "The address is too long.";
	case 417:
		return "Only Expect: 100-continue is known here.";
	case 421:
		return "This server does not answer under that name.";
	case 431:
		return "There are too many header fields, or they are too long.";
	case 501:
		return "This is not implemented here.";
	case 505:
		return "Only HTTP/1.0 and HTTP/1.1 are spoken here.";
	}
	return "This is no request that can be understood (RFC 9112).";
}

/* Nothing that follows may be read as a request. */
static enum step_result refuse(struct request *request, int status)
{
	answer_error(request, status, NULL, begin_sentence(status));
	request->answer.close = true;
	return STEP_ANSWER;
}

/* RFC 4918, 10.3 */
static enum step_result read_destination(struct request *request)
{
	int status = destination_parse(request->arena, request->dav->site,
		request_header(request, "Destination"), &request->destination);

	if (status == 0)
		return STEP_NEXT;
	return answer_error(request, -status, NULL,
		status == -502   ? "Another server's URLs cannot be the destination."
		: status == -403 ? "You may not put anything there."
				 : "Destination must be a path or URL of this server (RFC "
				   "4918, 10.3).");
}

enum step_result begin_request(struct connection *connection)
{
	const struct head *head = &connection->head;
	struct request *request = &connection->request;
	struct forwarded forwarded;
	struct target target = {0};
	int status;

	request->target = head->target;
	request->headers = head->headers;
	request->header_count = head->header_count;
	request->has_body = head->has_body;
	request->content_length = head->content_length;
	request->agent = request_header(request, "User-Agent");
	request->method = method_find(head->method);

	if (connection->watching) {
		strcpy(request->address, connection->peer);
		metrics_answer(request, connection->worker->http, connection->worker->options);
		return STEP_ANSWER;
	}
	status = forwarded_read(request, connection->peer,
		connection->worker->options->trusted_proxies, &forwarded);
	strcpy(request->address, forwarded.address);
	if (status == 0)
		status = target_parse(request->arena, request->dav->site, head->target,
			request_header(request, "Host"), &forwarded, &target);
	if ((status == 0 || status == -421) && seen_answer(connection, &target, &forwarded))
		return STEP_ANSWER;
	if (status < 0 || (target.server_wide && strcmp(head->method, "OPTIONS") != 0))
		return refuse(request, status < 0 ? -status : 400);
	request->path = target.path;
	request->server_wide = target.server_wide;
	request->url = arena_join(request->arena, request->dav->base_url,
		path_text(request->arena, &target.path), NULL);
	if (target.own_room && !own_begin(request, &target, connection->worker->options))
		return STEP_ANSWER;
	if (!request->method)
		return answer_error(request, 501, NULL, "No such method is known here.");
	return request->method->destination ? read_destination(request) : STEP_NEXT;
}
