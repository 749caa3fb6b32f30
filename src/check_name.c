/* The name that users take, its addresses, and their certificates. */
#include "check.h"

#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

enum { DAYS_LEFT = 14 };

/* So that the address that asks is another than a proxy's on this machine. */
static const char loopback_source[] = "127.77.77.77";

static const char *source_for(const struct sockaddr *address)
{
	char text[ADDRESS_TEXT];

	address_text(address, text);
	return address->sa_family == AF_INET && address_is_loopback(text) ? loopback_source : "";
}

static void tell_certificate(struct check *check, const struct probe *probe, const char *address)
{
	int64_t seconds;
	const char *wrong = probe_certificate(probe, &seconds);

	if (wrong)
		check_say(check, CHECK_WRONG, "certificate",
			"it is not good for %s: %s. Give the server at %s a certificate of that "
			"name with its whole chain",
			check->base.host, wrong, address);
	else if (seconds < (int64_t)DAYS_LEFT * 86400)
		check_say(check, CHECK_WRONG, "certificate",
			"that of %s ends in %" PRId64 " days: renew it", address, seconds / 86400);
	else
		check_say(check, CHECK_OK, "certificate",
			"it is good for %s, %" PRId64 " days more", check->base.host,
			seconds / 86400);
}

/* The first that lets us in is looked at in all detail; clients take any. */
static void look_at_another(struct check *check, const struct way *way, const char *text)
{
	struct probe_answer answer;
	int seen = check_see(check, way, "", &answer, NULL);

	if (seen != 1)
		check_say(check, CHECK_WRONG, "ours",
			"%s, which %s is too, is not answered by this daemon: look where that "
			"address leads, or take it out of DNS",
			text, check->base.host);
	if (seen >= 0)
		probe_answer_free(&answer);
}

static void try_address(struct check *check, const struct sockaddr *address, socklen_t length)
{
	struct way way = {
		.tls = strcmp(check->base.scheme, "https") == 0 ? check->base.host : NULL};
	char text[ADDRESS_TEXT], error[256];
	struct probe *probe;

	memcpy(&way.address, address, length);
	snprintf(way.source, sizeof(way.source), "%s", source_for(address));
	address_port_text(address, text);
	if (probe_open(&probe, address, *way.source ? way.source : NULL, way.tls, error,
		    sizeof(error)) < 0) {
		check_say(check, CHECK_WRONG, "reachable",
			"%s, which %s is, does not let us in: %s. Look for a firewall, a proxy "
			"that does not run, or a wrong address in DNS",
			text, check->base.host, error);
		return;
	}
	check_say(check, CHECK_OK, "reachable", "%s, which %s is", text, check->base.host);
	if (way.tls)
		tell_certificate(check, probe, text);
	probe_close(probe);
	if (check->outside.works) {
		look_at_another(check, &way, text);
		return;
	}
	check->outside = way;
	check->outside.works = true;
}

void check_name(struct check *check)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
	const char *host = check->base.host;
	struct addrinfo *found;
	char port[8];
	int error;

	/* Brackets are a URL's, not an address's. */
	if (*host == '[')
		host = arena_strndup(check->arena, host + 1, strlen(host) - 2);
	snprintf(port, sizeof(port), "%u", check->base.port);
	error = getaddrinfo(host, port, &hints, &found);
	if (error) {
		check_say(check, CHECK_WRONG, "name",
			"%s, which base-url names, has no address: %s. Set it in DNS", host,
			gai_strerror(error));
		return;
	}
	check_say(check, CHECK_OK, "name", "%s has an address", host);
	for (const struct addrinfo *one = found; one; one = one->ai_next)
		try_address(check, one->ai_addr, one->ai_addrlen);
	freeaddrinfo(found);
}
