/* Writes XML: everything that is not markup of ours goes through an escape. */
#pragma once

struct buf;
struct xml_node;

/* Character data; in attributes for either quote. Characters that XML 1.0 cannot hold become U+FFFD. */
void xml_escape(struct buf *out, const char *text);

/*
 * Writes pieces in turn, ended by NULL: even ones (0, 2, ...) are markup and go out as they are, odd ones are escaped.
 *   xml_write(out, "<url>", url, "</url>", NULL);
 */
void xml_write(struct buf *out, const char *markup, ...) __attribute__((sentinel));

/*
 * Writes an element as it was read: prefixes, attributes, text; with the namespace declarations and the xml:lang that
 * were in force where it stood, so that it can stand alone (RFC 4918, 4.3).
 */
void xml_write_node(struct buf *out, const struct xml_node *node);
