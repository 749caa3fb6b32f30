#include "base/log.h"

#include "base/buf.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static atomic_int threshold = LOG_INFO;

static const char *const LEVELS[] = {"debug", "info", "warning", "error"};

void log_threshold(enum log_level level)
{
	atomic_store(&threshold, (int)level);
}

enum { HELD_MAX = 32 << 10 /* bytes */ };

/* The calling thread's. */
static _Thread_local bool holding;
static _Thread_local struct buf held;

/* As many whole lines as a pipe takes in one piece, whoever else writes to it (pipe(7)); at least one. */
static size_t whole_lines(const char *text, size_t length)
{
	const char *end = length > PIPE_BUF ? memrchr(text, '\n', PIPE_BUF) : NULL;

	if (length > PIPE_BUF && !end)
		end = memchr(text, '\n', length);
	return end ? (size_t)(end - text) + 1 : length;
}

/* A log that cannot be written must not stop the service. */
static void put_out(struct buf *lines)
{
	for (size_t at = 0, length; at < lines->len; at += length) {
		length = whole_lines(lines->data + at, lines->len - at);
		ssize_t ignored = write(STDERR_FILENO, lines->data + at, length);
		(void)ignored;
	}
	lines->len = 0;
}

static bool is_plain(const char *value)
{
	if (!*value)
		return false;
	for (; *value; value++) {
		if (*value <= ' ' || *value > '~' || *value == '"' || *value == '=' ||
			*value == '\\')
			return false;
	}
	return true;
}

static void put_value(struct buf *line, const char *value)
{
	if (!value) {
		buf_puts(line, "-");
		return;
	}
	if (is_plain(value)) {
		buf_puts(line, value);
		return;
	}
	buf_puts(line, "\"");
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;
		if (c == '"' || c == '\\')
			buf_printf(line, "\\%c", c);
		else if (c < ' ' || c > '~')
			buf_printf(line, "\\x%02x", c);
		else
			buf_append(line, value, 1);
	}
	buf_puts(line, "\"");
}

void log_event(enum log_level level, const char *event, ...)
{
	if ((int)level < atomic_load_explicit(&threshold, memory_order_relaxed))
		return;
	struct buf own = {0}, *line = holding ? &held : &own;
	buf_puts(line, "level=");
	buf_puts(line, LEVELS[level]);
	buf_puts(line, " event=");
	buf_puts(line, event);
	va_list args;
	va_start(args, event);
	const char *key;
	while ((key = va_arg(args, const char *))) {
		buf_puts(line, " ");
		buf_puts(line, key);
		buf_puts(line, "=");
		put_value(line, va_arg(args, const char *));
	}
	va_end(args);
	buf_puts(line, "\n");
	if (line == &own || held.len > HELD_MAX)
		put_out(line);
	buf_free(&own);
}

void log_hold(void)
{
	holding = true;
}

void log_let_go(void)
{
	if (held.len > 0)
		put_out(&held);
}

void log_hold_end(void)
{
	log_let_go();
	holding = false;
	buf_free(&held);
}

const char *log_number(int64_t number)
{
	static _Thread_local char texts[8][24];
	static _Thread_local unsigned next;
	char *text = texts[next++ % 8];
	snprintf(text, sizeof(texts[0]), "%" PRId64, number);
	return text;
}
