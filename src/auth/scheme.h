/* The table of schemes is in identify.c; a scheme is one file and one row. */
#pragma once

struct request;

struct scheme {
	const char *name;      /* compared without regard to case (RFC 9110, 11.1) */
	const char *challenge; /* what a 401 says of it */
	/*
	 * Turns the credentials behind the scheme's name into request->claim and transaction_id. 0, -EINVAL: they are
	 * none; -EACCES: they are refused. What goes wrong is never logged with the credentials.
	 */
	int (*identify)(struct request *request, const char *credentials);
};

int basic_identify(struct request *request, const char *credentials);
