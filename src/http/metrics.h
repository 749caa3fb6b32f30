/* /-/metrics: what there is to count, in the text format of Prometheus, 0.0.4. It has a listener of its own, on which nothing else is answered. */
#pragma once

struct http;
struct http_options;
struct request;

/* Answers it: 200, 405 for another method, 404 for another target. */
void metrics_answer(
	struct request *request, const struct http *http, const struct http_options *options);
