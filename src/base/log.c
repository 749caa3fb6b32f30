#include "base/log.h"

#include "base/buf.h"
#include "base/codec.h"

#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
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
	size_t most = length < PIPE_BUF ? length : PIPE_BUF, whole = most;

	while (whole > 0 && text[whole - 1] != '\n')
		whole--;
	if (whole == 0)
		for (whole = most; whole < length && text[whole - 1] != '\n';)
			whole++;
	return whole;
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

/* What stands without quotes. */
static bool is_plain(unsigned char c)
{
	return c > ' ' && c <= '~' && c != '"' && c != '=' && c != '\\';
}

/* The end of what was put there; NULL: it needs quotes. */
static char *put_plain(char *at, const char *value)
{
	for (; *value; value++) {
		if (!is_plain((unsigned char)*value))
			return NULL;
		*at++ = *value;
	}
	return at;
}

static char *put_quoted(char *at, const char *value)
{
	*at++ = '"';
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"' || c == '\\') {
			*at++ = '\\';
			*at++ = *value;
		} else if (c < ' ' || c > '~') {
			at = mempcpy(at, "\\x", 2);
			hex_encode(at, value, 1);
			at += 2;
		} else {
			*at++ = *value;
		}
	}
	*at++ = '"';
	return at;
}

/* key=value, with a space before it. */
static void put_pair(struct buf *line, const char *key, const char *value)
{
	size_t length = strlen(key);
	/* Each byte of a value takes four at most. */
	char *start = buf_room(line, length + 4 + 4 * (value ? strlen(value) : 1)), *at = start;
	char *end = NULL;

	*at++ = ' ';
	at = mempcpy(at, key, length);
	*at++ = '=';
	if (!value)
		end = put_plain(at, "-");
	else if (*value)
		end = put_plain(at, value);
	if (!end)
		end = put_quoted(at, value);
	line->len += (size_t)(end - start);
}

void log_event(enum log_level level, const char *event, ...)
{
	if ((int)level < atomic_load_explicit(&threshold, memory_order_relaxed))
		return;
	struct buf own = {0}, *line = holding ? &held : &own;
	buf_puts(line, "level=");
	buf_puts(line, LEVELS[level]);
	put_pair(line, "event", event);
	va_list args;
	va_start(args, event);
	const char *key;
	while ((key = va_arg(args, const char *)))
		put_pair(line, key, va_arg(args, const char *));
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
	char *at = texts[next++ % 8] + sizeof(texts[0]) - 1;
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	*at = '\0';
	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (number < 0)
		*--at = '-';
	return at;
}
