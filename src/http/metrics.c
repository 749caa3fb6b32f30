#include "http/metrics.h"

#include "base/process.h"
#include "dav/method.h"
#include "dav/request.h"
#include "http/http.h"
#include "http/tally.h"
#include "http/worker.h"
#include "store/figures.h"
#include "xmpp/confirm.h"
#include "xmpp/xmpp.h"

#include <inttypes.h>
#include <string.h>

static void put_family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_number(
	struct buf *out, const char *name, const char *type, const char *help, uint64_t number)
{
	put_family(out, name, type, help);
	buf_printf(out, "%s %" PRIu64 "\n", name, number);
}

/* In a base unit, of which the values count `parts`. */
static void put_distribution(struct buf *out, const char *name, const char *help,
	const struct distribution *found, const struct bounds *bounds, double parts)
{
	uint64_t below = 0;

	put_family(out, name, "histogram", help);
	for (size_t i = 0; i < bounds->count; i++) {
		below += found->buckets[i];
		buf_printf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
			(double)bounds->most[i] / parts, below);
	}
	buf_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, found->count);
	buf_printf(out, "%s_sum %.9g\n%s_count %" PRIu64 "\n", name, (double)found->sum / parts,
		name, found->count);
}

static void put_time(
	struct buf *out, const char *name, const char *help, const struct distribution *found)
{
	put_distribution(out, name, help, found, &bounds_time, 1e6);
}

/* ---- what the workers have counted ---- */

/* One of their counts, over all of them. */
static uint64_t sum(const struct http *http, size_t place)
{
	const struct worker_tally *tally;
	uint64_t all = 0;

	for (unsigned i = 0; (tally = http_tally(http, i)); i++)
		all += tally_of((const _Atomic uint64_t *)((const char *)tally + place));
	return all;
}

static void put_requests(struct buf *out, const struct http *http)
{
	static const char name[] = "missive_http_requests_total";

	put_family(out, name, "counter", "Requests, by the status of the answer.");
	for (size_t number = 0; number < TALLY_METHODS; number++)
		for (size_t status = 100; status < TALLY_STATUSES; status++) {
			const struct method *method = method_at(number);
			uint64_t count =
				sum(http, offsetof(struct worker_tally, requests[number][status]));

			if (count > 0)
				buf_printf(out, "%s{method=\"%s\",status=\"%zu\"} %" PRIu64 "\n",
					name, method ? method->name : "other", status, count);
		}
}

static void put_times(struct buf *out, const struct http *http)
{
	struct distribution times = {0}, confirms = {0};
	const struct worker_tally *tally;

	for (unsigned i = 0; (tally = http_tally(http, i)); i++) {
		distribution_add(&times, &tally->times);
		distribution_add(&confirms, &tally->confirms);
	}
	put_time(out, "missive_http_request_duration_seconds",
		"From a request's head to its answer, without the time in which a person is asked "
		"or the body comes.",
		&times);
	put_time(out, "missive_confirm_duration_seconds",
		"How long people took to answer over XMPP, or did not.", &confirms);
}

static void put_connections(struct buf *out, const struct http *http)
{
	uint64_t closed = sum(http, offsetof(struct worker_tally, closed));
	uint64_t accepted = sum(http, offsetof(struct worker_tally, accepted));

	put_number(out, "missive_http_connections", "gauge", "Connections that are open.",
		accepted - closed);
	put_number(out, "missive_http_connections_accepted_total", "counter",
		"Connections that were taken.", accepted);
	put_number(out, "missive_http_connections_refused_total", "counter",
		"Connections that were closed at once, because there were too many.",
		sum(http, offsetof(struct worker_tally, refused)));
	put_number(out, "missive_http_received_bytes_total", "counter",
		"Bytes of requests, as inside TLS.",
		sum(http, offsetof(struct worker_tally, received)));
	put_number(out, "missive_http_sent_bytes_total", "counter",
		"Bytes of answers, as inside TLS.", sum(http, offsetof(struct worker_tally, sent)));
}

/* ---- the other rooms ---- */

static void put_xmpp(struct buf *out, const struct http_options *options)
{
	static const char confirms[] = "missive_confirms_total";
	uint64_t ups = xmpp_ups(options->xmpp);

	put_number(out, "missive_xmpp_up", "gauge", "Whether the XMPP link stands.",
		xmpp_is_up(options->xmpp));
	put_number(out, "missive_xmpp_reconnects_total", "counter",
		"How often the XMPP link came up again.", ups ? ups - 1 : 0);
	put_number(out, "missive_xmpp_failures_total", "counter",
		"How often the XMPP link was lost, or could not be had.",
		xmpp_losses(options->xmpp));
	put_family(
		out, confirms, "counter", "What became of requests for a confirmation over XMPP.");
	for (enum confirm_event event = 0; event < CONFIRM_EVENTS; event++)
		buf_printf(out, "%s{result=\"%s\"} %" PRIu64 "\n", confirms,
			confirm_event_name(event), confirms_counted(options->confirms, event));
}

static void put_store(struct buf *out, struct store *store)
{
	struct store_figures figures;
	bool up = store_figures(store, &figures) == 0;

	put_number(out, "missive_store_up", "gauge", "Whether the store answers.", up);
	if (up) {
		put_number(out, "missive_store_resources", "gauge",
			"Files and collections, with what was deleted and is not taken apart yet.",
			figures.resources);
		put_number(out, "missive_store_stored_bytes", "gauge",
			"Bytes that count as used by accounts.", figures.stored);
		put_number(out, "missive_store_free_bytes", "gauge",
			"Bytes of the store's disk that are free.", figures.free);
		put_number(out, "missive_store_wal_bytes", "gauge",
			"Bytes of the database's write-ahead log.", figures.log);
	}
	put_number(out, "missive_store_changes_total", "counter",
		"Changes that the store has taken.", figures.changes);
	put_number(out, "missive_store_changes_failed_total", "counter",
		"Changes that did not get onto the disk.", figures.failed);
	put_distribution(out, "missive_store_batch_changes", "How many changes one commit had.",
		&figures.batches, &bounds_count, 1);
	put_time(out, "missive_store_commit_duration_seconds", "How long a commit took.",
		&figures.commits);
}

/* Under the names that programs of all kinds give them. */
static void put_process(struct buf *out)
{
	struct process_figures figures;

	process_look(&figures);
	put_family(out, "process_start_time_seconds", "gauge",
		"When the process has started, since the epoch.");
	buf_printf(out, "process_start_time_seconds %.3f\n", figures.started);
	put_family(out, "process_cpu_seconds_total", "counter",
		"Time on processors, user and system.");
	buf_printf(out, "process_cpu_seconds_total %.6f\n", figures.cpu);
	put_number(out, "process_resident_memory_bytes", "gauge", "Resident memory.",
		figures.resident);
	put_number(out, "process_open_fds", "gauge", "Open descriptors.", figures.descriptors);
	put_number(
		out, "process_max_fds", "gauge", "Descriptors that may be open.", figures.allowed);
}

static void answer(
	struct request *request, const struct http *http, const struct http_options *options)
{
	struct buf *out = &request->answer.bytes;

	answer_begin(request, 200);
	request->answer.kind = ANSWER_BYTES;
	answer_header(request, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
	put_family(out, "missive_build_info", "gauge", "Which missived this is.");
	buf_puts(out, "missive_build_info{version=\"" MISSIVE_VERSION "\"} 1\n");
	put_requests(out, http);
	put_times(out, http);
	put_connections(out, http);
	put_xmpp(out, options);
	put_store(out, request->dav->store);
	put_process(out);
}

void metrics_answer(
	struct request *request, const struct http *http, const struct http_options *options)
{
	const char *method = request->method ? request->method->name : "";

	if (strcmp(request->target, "/-/metrics") != 0) {
		answer_error(request, 404, NULL, "Only /-/metrics is here.");
	} else if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
		answer(request, http, options);
	} else {
		answer_error(request, 405, NULL, "This can only be read.");
		answer_header(request, "Allow", "GET, HEAD");
	}
}
