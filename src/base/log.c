#include "base/log.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_int threshold = LOG_INFO;

static atomic_int used = LOG_TEXT;

static const char *const LEVELS[] = {"debug", "info", "warning", "error", "audit"};

void log_threshold(enum log_level level)
{
	atomic_store(&threshold, (int)level);
}

int log_level_parse(const char *text, enum log_level *level)
{
	for (int i = LOG_DEBUG; i <= LOG_ERROR; i++)
		if (strcmp(text, LEVELS[i]) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	return -EINVAL;
}

void log_use(enum log_format format)
{
	atomic_store(&used, (int)format);
}

enum {
	HELD_MAX = 32 << 10, /* bytes */
	/* What a pipe takes in one piece, so that no other thread's line can stand inside, and far below where the journal cuts (LineMax=, 48
	   KiB): what a stranger has sent must not come to stand where a line begins. */
	LINE_MOST = PIPE_BUF,
	VALUE_MOST =
		700, /* bytes as they are written, of each value of a line that would be longer; no event has six long ones */
};

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

/* Stands behind a value that was cut. */
#define CUT "..."

/* What stands without quotes. */
static bool is_plain(unsigned char c)
{
	return c > ' ' && c <= '~' && c != '"' && c != '=' && c != '\\';
}

/* The end of what was put there; NULL: it needs quotes, or is longer. */
static char *put_plain(char *at, const char *value, size_t most)
{
	for (const char *start = at; *value; value++) {
		if (!is_plain((unsigned char)*value) || (size_t)(at - start) >= most)
			return NULL;
		*at++ = *value;
	}
	return at;
}

static char *put_quoted(char *at, const char *value, size_t most)
{
	const char *start = at;

	*at++ = '"';
	for (; *value && (size_t)(at - start) < most; value++) {
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
	if (*value)
		at = mempcpy(at, CUT, strlen(CUT));
	*at++ = '"';
	return at;
}

/* key=value, with a space before it. */
static void put_pair(struct buf *line, const char *key, const char *value, size_t most)
{
	size_t length = strlen(key);
	/* Each byte of a value takes four at most. */
	char *start = buf_room(line, length + 4 + 4 * (value ? strlen(value) : 1) + strlen(CUT)),
	     *at = start;
	char *end = NULL;

	*at++ = ' ';
	at = mempcpy(at, key, length);
	*at++ = '=';
	if (!value)
		end = put_plain(at, "-", most);
	else if (*value)
		end = put_plain(at, value, most);
	if (!end)
		end = put_quoted(at, value, most);
	line->len += (size_t)(end - start);
}

static void put_unit(struct buf *line, uint32_t unit)
{
	if (unit >= ' ' && unit <= '~' && unit != '"' && unit != '\\')
		buf_append(line, &(char){(char)unit}, 1);
	else
		buf_printf(line, "\\u%04x", unit);
}

/* RFC 8259, 7: in ASCII alone; a byte that is part of no character is the one for what cannot be shown. */
static void put_string(struct buf *line, const char *value, size_t most)
{
	bool utf8 = text_is_utf8(value, strlen(value));
	size_t start = line->len;

	while (*value && line->len - start < most) {
		uint32_t c = utf8 ? text_next(&value) : (unsigned char)*value++;

		if (!utf8 && c > '~')
			c = 0xfffd;
		if (c >= 0x10000)
			put_unit(line, 0xd800 + ((c - 0x10000) >> 10));
		put_unit(line, c < 0x10000 ? c : 0xdc00 + ((c - 0x10000) & 0x3ff));
	}
	if (*value)
		buf_puts(line, CUT);
}

/* "key":"value" or "key":null, with a comma before it. */
static void put_member(struct buf *line, const char *key, const char *value, size_t most)
{
	buf_puts(line, ",\"");
	buf_puts(line, key);
	if (!value) {
		buf_puts(line, "\":null");
		return;
	}
	buf_puts(line, "\":\"");
	put_string(line, value, most);
	buf_puts(line, "\"");
}

static void begin_text(struct buf *line, const char *level)
{
	buf_puts(line, "level=");
	buf_puts(line, level);
}

static void begin_json(struct buf *line, const char *level)
{
	static _Thread_local char text[21];
	static _Thread_local time_t last;
	time_t now = time(NULL);

	if (now != last)
		iso_date_format(text, last = now);
	buf_puts(line, "{\"time\":\"");
	buf_puts(line, text);
	buf_puts(line, "\"");
	put_member(line, "level", level, SIZE_MAX);
}

/* `most`: of each value. */
static void put_line(
	struct buf *line, enum log_level level, const char *event, va_list args, size_t most)
{
	bool json = atomic_load_explicit(&used, memory_order_relaxed) == LOG_JSON;
	void (*put)(struct buf *, const char *, const char *, size_t) =
		json ? put_member : put_pair;
	const char *key;

	if (json)
		begin_json(line, LEVELS[level]);
	else
		begin_text(line, LEVELS[level]);
	put(line, "event", event, SIZE_MAX);
	while ((key = va_arg(args, const char *)))
		put(line, key, va_arg(args, const char *), most);
	buf_puts(line, json ? "}\n" : "\n");
}

void log_event(enum log_level level, const char *event, ...)
{
	if ((int)level < atomic_load_explicit(&threshold, memory_order_relaxed))
		return;
	struct buf own = {0}, *line = holding ? &held : &own;
	size_t start = line->len;
	va_list args, again;

	va_start(args, event);
	va_copy(again, args);
	put_line(line, level, event, args, SIZE_MAX);
	if (line->len - start > LINE_MOST) {
		line->len = start;
		put_line(line, level, event, again, VALUE_MOST);
	}
	va_end(again);
	va_end(args);
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
