/*
 * What the component offers people beside prompts: one file and one row each (the table in service.c). All on the XMPP loop; what
 * needs the store is a job (job.h).
 */
#pragma once

struct dav;
struct loop;
struct service;
struct xmpp;

struct service_options {
	struct loop *loop; /* the XMPP loop */
	struct xmpp *xmpp;
	const struct dav *dav;
	const char *admins; /* bare JIDs, normalised, separated by one space */
};

/* The options' strings must outlive it. */
struct service *service_open(const struct service_options *options);

/* These from now on, for what is asked from now on. */
void service_use(struct service *service, const struct dav *dav, const char *admins);

/* Waits until the jobs under way are done; nobody is answered any more. NULL is nothing. */
void service_close(struct service *service);
