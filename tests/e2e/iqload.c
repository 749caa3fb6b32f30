/*
 * Loads an XMPP server and missived with confirms, faster than Python could:
 *   iqload answer PORT DOMAIN SECRET             a component that says yes to each IQ, until it is ended
 *   iqload ask PORT DOMAIN SECRET TO COUNT WAITING   a component that asks as missived does: prints IQs a second
 *   iqload http PORT USER COUNT CONNECTIONS      HEAD /x in the name of USER, each with an id of its own: prints requests a second
 */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 1 << 22 };

struct stream {
	int fd;
	char in[ROOM], out[ROOM];
	size_t in_length, out_length;
};

static struct stream stream;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int dial(const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	return fd;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void put(const char *text, size_t length)
{
	assert(stream.out_length + length < ROOM);
	memcpy(stream.out + stream.out_length, text, length);
	stream.out_length += length;
}

static void puts_text(const char *text)
{
	put(text, strlen(text));
}

static void flush(void)
{
	for (size_t sent = 0; sent < stream.out_length;) {
		ssize_t got = write(stream.fd, stream.out + sent, stream.out_length - sent);

		if (got <= 0)
			fail("write");
		sent += (size_t)got;
	}
	stream.out_length = 0;
}

static void receive(void)
{
	ssize_t got = read(stream.fd, stream.in + stream.in_length, ROOM - 1 - stream.in_length);

	if (got <= 0)
		fail("the stream has ended");
	stream.in_length += (size_t)got;
	stream.in[stream.in_length] = '\0';
}

/* Reads up to and with this text. */
static char *until(const char *text)
{
	char *found;

	while (!(found = strstr(stream.in, text)))
		receive();
	return found;
}

static void consume(const char *end)
{
	stream.in_length -= (size_t)(end - stream.in);
	memmove(stream.in, end, stream.in_length + 1);
}

/* XEP-0114 */
static void open_component(const char *port, const char *domain, const char *secret)
{
	char text[512], id[128], *at;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length;

	stream.fd = dial(port);
	snprintf(text, sizeof(text),
		"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='%s'>", domain);
	puts_text(text);
	flush();
	until("<stream:stream");
	at = until(" id=");
	until("'>");
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(at + 5, "'\""), at + 5);
	consume(stream.in + stream.in_length);
	snprintf(text, sizeof(text), "%s%s", id, secret);
	EVP_Digest(text, strlen(text), digest, &length, EVP_sha1(), NULL);
	puts_text("<handshake>");
	for (unsigned i = 0; i < length; i++) {
		snprintf(text, sizeof(text), "%02x", digest[i]);
		puts_text(text);
	}
	puts_text("</handshake>");
	flush();
	consume(strchr(until("<handshake"), '>') + 1);
}

/* The next whole start tag of an IQ, with NUL in place of its ">"; NULL: there is none yet. */
static char *next_iq(char **from)
{
	char *at = strstr(*from, "<iq "), *end = at ? strchr(at, '>') : NULL;

	if (!end)
		return NULL;
	*end = '\0';
	*from = end + 1;
	return at;
}

/* What stands in an attribute, from its name's "=" on; its length with the quotes. */
static const char *attribute(const char *tag, const char *name, int *length)
{
	const char *at = strstr(tag, name);

	assert(at);
	at += strlen(name);
	*length = (int)(strchr(at + 1, *at) - at) + 1;
	return at;
}

static void answer(void)
{
	for (;;) {
		char *from = stream.in, *tag;

		while ((tag = next_iq(&from))) {
			int id, sender, us;
			const char *id_at = attribute(tag, " id=", &id),
				   *sender_at = attribute(tag, " from=", &sender),
				   *us_at = attribute(tag, " to=", &us);

			puts_text("<iq type='result' id=");
			put(id_at, (size_t)id);
			puts_text(" to=");
			put(sender_at, (size_t)sender);
			puts_text(" from=");
			put(us_at, (size_t)us);
			puts_text("/>");
		}
		/* A tag that is not whole yet starts with "<". */
		if ((tag = strstr(from, "<iq ")) || (tag = strrchr(from, '<')))
			from = tag;
		consume(from);
		if (stream.out_length)
			flush();
		receive();
	}
}

static void ask_one(const char *domain, const char *to, int number)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"<iq type='get' from='%s' to='%s' id='%032d'><confirm xmlns='http://jabber.org/protocol/http-auth' id='identifier-%d' "
		"method='HEAD' url='http://127.0.0.1:8080/x'/></iq>",
		domain, to, number, number);
	puts_text(text);
}

static double ask(const char *domain, const char *to, int count, int waiting)
{
	double began = now();
	int asked = 0, answered = 0;

	while (answered < count) {
		char *from = stream.in, *tag;

		while (asked < count && asked - answered < waiting)
			ask_one(domain, to, asked++);
		if (stream.out_length)
			flush();
		receive();
		from = stream.in;
		while (next_iq(&from))
			answered++;
		if ((tag = strstr(from, "<iq ")) || (tag = strrchr(from, '<')))
			from = tag;
		consume(from);
	}
	return count / (now() - began);
}

static void ask_http(int fd, const char *port, const char *user, int number)
{
	char credentials[256], text[1024];
	unsigned char encoded[512];
	int length = snprintf(credentials, sizeof(credentials), "%s:identifier-%d-%d", user, (int)getpid(), number);

	EVP_EncodeBlock(encoded, (unsigned char *)credentials, length);
	length = snprintf(text, sizeof(text), "HEAD /x HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nAuthorization: Basic %s\r\n\r\n", port,
		(char *)encoded);
	if (write(fd, text, (size_t)length) != length)
		fail("write");
}

static double http(const char *port, const char *user, int count, int connections)
{
	struct pollfd *polled = calloc((size_t)connections, sizeof(*polled));
	int asked = 0, answered = 0;
	double began;

	for (int i = 0; i < connections; i++)
		polled[i] = (struct pollfd){.fd = dial(port), .events = POLLIN};
	began = now();
	for (int i = 0; i < connections; i++)
		ask_http(polled[i].fd, port, user, asked++);
	while (answered < count) {
		poll(polled, (nfds_t)connections, -1);
		for (int i = 0; i < connections; i++) {
			char bytes[4096];
			ssize_t got;

			if (!polled[i].revents)
				continue;
			got = read(polled[i].fd, bytes, sizeof(bytes) - 1);
			if (got <= 0)
				fail("the connection has ended");
			bytes[got] = '\0';
			if (!strstr(bytes, "\r\n\r\n") || strncmp(bytes, "HTTP/1.1 404", 12) != 0) {
				fprintf(stderr, "%s\n", bytes);
				exit(1);
			}
			answered++;
			if (asked < count)
				ask_http(polled[i].fd, port, user, asked++);
		}
	}
	return count / (now() - began);
}

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "http") == 0) {
		printf("%.0f\n", http(argv[2], argv[3], atoi(argv[4]), atoi(argv[5])));
		return 0;
	}
	assert(argc >= 5);
	open_component(argv[2], argv[3], argv[4]);
	if (strcmp(argv[1], "ask") == 0) {
		assert(argc == 8);
		printf("%.0f\n", ask(argv[3], argv[5], atoi(argv[6]), atoi(argv[7])));
		return 0;
	}
	puts("ready");
	fflush(stdout);
	answer();
}
