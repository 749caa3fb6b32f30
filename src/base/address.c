#include "base/address.h"

#include "base/codec.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static int port_parse(const char *text, in_port_t *port)
{
	int64_t number;
	if (strlen(text) > 5 || decimal_parse(text, &number) < 0 || number > 65535)
		return -EINVAL;
	*port = htons((uint16_t)number);
	return 0;
}

int address_parse(const char *text, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	char host[INET6_ADDRSTRLEN];
	bool six = *text == '[';
	const char *end = six ? strchr(text, ']') : strchr(text, ':');
	if (!end)
		return -EINVAL;
	text += six;
	size_t length = (size_t)(end - text);
	if (length >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, length);
	host[length] = '\0';
	end += six;
	if (*end != ':')
		return -EINVAL;
	if (six) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
		in6->sin6_family = AF_INET6;
		return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1
			       ? port_parse(end + 1, &in6->sin6_port)
			       : -EINVAL;
	}
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	in->sin_family = AF_INET;
	return inet_pton(AF_INET, host, &in->sin_addr) == 1 ? port_parse(end + 1, &in->sin_port)
							    : -EINVAL;
}

void address_text(const struct sockaddr *address, char out[ADDRESS_TEXT])
{
	if (address->sa_family == AF_INET) {
		inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, out,
			ADDRESS_TEXT);
	} else if (address->sa_family == AF_INET6) {
		const struct in6_addr *in6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
		if (IN6_IS_ADDR_V4MAPPED(in6))
			inet_ntop(AF_INET, &in6->s6_addr[12], out, ADDRESS_TEXT);
		else
			inet_ntop(AF_INET6, in6, out, ADDRESS_TEXT);
	} else {
		strcpy(out, "unknown");
	}
}

void address_port_text(const struct sockaddr *address, char out[ADDRESS_TEXT])
{
	char host[ADDRESS_TEXT];
	address_text(address, host);
	in_port_t port = address->sa_family == AF_INET6
				 ? ((const struct sockaddr_in6 *)address)->sin6_port
				 : ((const struct sockaddr_in *)address)->sin_port;
	snprintf(out, ADDRESS_TEXT, strchr(host, ':') ? "[%.45s]:%u" : "%.45s:%u", host,
		ntohs(port));
}

/* What stands before an IPv4 address that is mapped into IPv6 (RFC 4291, 2.5.5.2). */
static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

/* An address as 128 bits, IPv4 as the mapped form; the number of bits before the address's own. */
static int bits_of(const char *text, unsigned char out[16])
{
	if (inet_pton(AF_INET, text, out + 12) == 1) {
		memcpy(out, mapped, sizeof(mapped));
		return 96;
	}
	return inet_pton(AF_INET6, text, out) == 1 ? 0 : -EINVAL;
}

int address_normalise(const char *text, char out[ADDRESS_TEXT])
{
	unsigned char bits[16];
	if (bits_of(text, bits) < 0)
		return -EINVAL;
	bool four = memcmp(bits, mapped, sizeof(mapped)) == 0;
	inet_ntop(
		four ? AF_INET : AF_INET6, four ? bits + sizeof(mapped) : bits, out, ADDRESS_TEXT);
	return 0;
}

void address_limit_key(const char *address, char out[ADDRESS_TEXT])
{
	unsigned char bits[16];

	/* IPv4 has one spelling only, and this is asked for each request. */
	if (!strchr(address, ':') || address_normalise(address, out) < 0) {
		snprintf(out, ADDRESS_TEXT, "%s", address);
	} else if (strchr(out, ':')) {
		inet_pton(AF_INET6, out, bits);
		memset(bits + 8, 0, 8);
		inet_ntop(AF_INET6, bits, out, INET6_ADDRSTRLEN);
		strcat(out, "/64");
	}
}

struct network {
	unsigned char bits[16];
	int before; /* bits that only tell the family */
	int prefix;
};

static int network_parse(const char *text, size_t length, struct network *out)
{
	char host[INET6_ADDRSTRLEN + 4];
	if (length >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, length);
	host[length] = '\0';
	char *slash = strchr(host, '/');
	if (slash)
		*slash = '\0';
	int before = bits_of(host, out->bits);
	if (before < 0)
		return before;
	out->before = before;
	out->prefix = 128;
	if (slash) {
		int64_t prefix;
		if (decimal_parse(slash + 1, &prefix) < 0 || prefix > 128 - before)
			return -EINVAL;
		out->prefix = before + (int)prefix;
	}
	return 0;
}

static bool network_holds(const struct network *network, const unsigned char address[16])
{
	int whole = network->prefix / 8, rest = network->prefix % 8;
	if (memcmp(network->bits, address, (size_t)whole) != 0)
		return false;
	return rest == 0 || (network->bits[whole] ^ address[whole]) >> (8 - rest) == 0;
}

/* The next network of a list, or 0 at its end. */
static int next_network(const char **list, struct network *network)
{
	*list += strspn(*list, " \t");
	size_t length = strcspn(*list, " \t");
	if (length == 0)
		return 0;
	int error = network_parse(*list, length, network);
	*list += length;
	return error < 0 ? error : 1;
}

bool address_in(const char *address, const char *networks)
{
	unsigned char bits[16];
	struct network network;
	if (!networks || !*networks)
		return false;
	int before = bits_of(address, bits), more;
	if (before < 0)
		return false;
	while ((more = next_network(&networks, &network)) > 0) {
		if (network.before == before && network_holds(&network, bits))
			return true;
	}
	assert(more == 0);
	return false;
}

int networks_check(const char *networks)
{
	struct network network;
	int more;
	do {
		more = next_network(&networks, &network);
	} while (more > 0);
	return more;
}

bool address_is_loopback(const char *address)
{
	return address_in(address, "127.0.0.0/8 ::1");
}
