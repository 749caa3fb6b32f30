/* How content is labelled when it is served, so that a file of a stranger does nothing in a browser. */
#pragma once

#include <stdbool.h>

struct request;
struct resource;

/*
 * The media type as it may be stored and sent again: type/subtype with parameters in order (RFC 9110, 8.3.1), at most 255
 * bytes; NULL for anything else.
 */
const char *served_media_type(const char *content_type);

/* Whether two fields say the same: type/subtype in either case, parameters character by character but for white space. */
bool served_is_same_type(const char *a, const char *b);

/* Whether a Content-Encoding changes nothing (RFC 9110, 12.5.3). */
bool served_is_identity(const char *coding);

/* What is sent as Content-Type, and shown as getcontenttype. */
const char *served_content_type(const struct resource *resource);

/* Adds Content-Type and Content-Disposition with the name for people (RFC 6266; RFC 8187). */
void served_headers(struct request *request, const struct resource *resource);
