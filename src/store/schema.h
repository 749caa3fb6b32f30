/* The tables, and how an older database becomes this one. Within this room only. */
#pragma once

#include <sqlite3.h>
#include <stddef.h>

/*
 * Brings a database to this version in one transaction. 0, or negative errno with the reason for a person: a database of a newer
 * version is left alone.
 */
int schema_migrate(sqlite3 *db, char *error, size_t size);
