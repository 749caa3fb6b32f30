#include "http/access.h"

#include "base/log.h"
#include "http/connection.h"

void access_log(const struct connection *connection)
{
	const struct request *request = &connection->request;

	/* Prometheus asks all day. */
	if (connection->watching)
		return;
	log_event(LOG_INFO, "request", "method", connection->head.method, "url", request->url,
		"status", log_number(request->answer.status), "address", request->address, "jid",
		request->proven ? request->claim.bare : NULL, "agent", request->agent, NULL);
}
