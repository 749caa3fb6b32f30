/*
 * How words of strangers are shown in a prompt, so that they say nothing but themselves. A prompt is one line. Its only URL is the request's, which
 * is ours: base-url, and a path in which all but unreserved characters is encoded, so no client can read a second one out of it.
 *
 * What would make a client see a link in a name ("www.evil.example", "https:...", "a@b.example") is replaced by characters that look alike and make
 * none: "." by U+2024, ":" by U+2236, "@" by U+FF20; so are the other forms of these three, and "/", which a name cannot hold, by
 * U+2215. Quotation marks become "'", because the name stands in some; each run of white space is one space; what is not
 * presentable (text.h), and what takes no room, is U+FFFD.
 *
 * An identifier is shown when it is 4 to 64 characters of [A-Za-z0-9_~-]: with a dot it may look like a host.
 */
#pragma once

#include <stdbool.h>

struct buf;

enum { SHOWN_NAME = 64 /* characters */ };

/* Cut at SHOWN_NAME characters, with an ellipsis behind. Valid UTF-8. */
void shown_name(struct buf *out, const char *name);

/* The name before the "@" as above, the domain as it is: an account of ours, whom the person may know. */
void shown_account(struct buf *out, const char *bare);

bool shown_id(const char *id);
