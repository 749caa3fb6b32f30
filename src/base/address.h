/* Network addresses as people write them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { ADDRESS_TEXT = 64 };

/* "127.0.0.1:8080", "[::1]:8080". 0 or -EINVAL. No names. */
int address_parse(const char *text, struct sockaddr_storage *out);

/* Without the port; an IPv4 address mapped into IPv6 is written as IPv4. */
void address_text(const struct sockaddr *address, char out[ADDRESS_TEXT]);

/* As address_text() writes it: one spelling for one address. 0, or -EINVAL: no address, and nothing is written. */
int address_normalise(const char *text, char out[ADDRESS_TEXT]);

/* With the port, as address_parse() reads it. */
void address_port_text(const struct sockaddr *address, char out[ADDRESS_TEXT]);

/*
 * What limits count an address as, as text: an IPv4 address is itself, an IPv6 address is its /64, which is what one subscriber has. What is no
 * address is itself.
 */
void address_limit_key(const char *address, char out[ADDRESS_TEXT]);

bool address_is_loopback(const char *address);

/* Whether the address lies in one of the networks, "10.0.0.0/8", "::1", separated by white space. */
bool address_in(const char *address, const char *networks);

/* 0, or -EINVAL: not a list of networks. */
int networks_check(const char *networks);
