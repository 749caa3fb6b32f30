/*
 * One event a line on standard error: level=info event=listen address=127.0.0.1:8080
 * A value that holds anything but printable ASCII without space, quote, = and backslash is quoted and
 * escaped, so a line cannot be forged by what a stranger sent. Never a secret: no password, no
 * transaction identifier. Safe from every thread: no line is torn. Or, if that is wanted, the same as a line of JSON:
 * {"time":"2026-11-25T18:00:00Z","level":"info","event":"listen","address":"127.0.0.1:8080"}
 */
#pragma once

#include <stdint.h>

/* LOG_AUDIT: who may read what, or whether somebody is who they say, was changed or refused. It is always written. */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_AUDIT };

/* Lines below this level are not written. The default is LOG_INFO. */
void log_threshold(enum log_level level);

/* "debug", "info", "warning" or "error". 0, or -EINVAL. */
int log_level_parse(const char *text, enum log_level *level);

enum log_format { LOG_TEXT, LOG_JSON };

/* How lines are written from now on. The default is LOG_TEXT. */
void log_use(enum log_format format);

/* Pairs of key and value, ended by NULL; a NULL value is written as "-". Long ones are cut where the line would have more than PIPE_BUF bytes. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

/*
 * From log_hold() on, the calling thread's lines wait for log_let_go(), which a loop calls before it sleeps: many lines are then one write. The
 * thread says log_hold_end() before it ends.
 */
void log_hold(void);
void log_let_go(void);
void log_hold_end(void);

/* A number as a value for log_event(); the text lives until the eighth call after it on this thread. */
const char *log_number(int64_t number);
