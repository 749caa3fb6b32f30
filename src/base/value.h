/* What may stand behind a setting's name, and what it means: a function for each kind. */
#pragma once

struct arena;
struct config;

/* Where a value goes: a member of config, of the type that the kind has. Texts are the arena's. */
struct place {
	struct arena *arena;
	struct config *config;
	void *at;
};

/* NULL, or what is wrong with it: a sentence without its place, which is the arena's. */
typedef const char *value_set(const struct place *place, const char *value);

/* Each one more text of a list, which ends with NULL. */
value_set value_listen;

/* A text. */
value_set value_text, value_metrics, value_base_url, value_hosts, value_readable, value_server,
	value_domain, value_users, value_admins, value_networks;

/* uint64_t: a number, bytes, milliseconds. */
value_set value_count, value_resources, value_rate, value_threads, value_bytes, value_duration;

/* bool */
value_set value_bool;

/* An enum of base/log.h. */
value_set value_log_format, value_log_level;

/* The text that a file holds. */
value_set value_secret_file;
