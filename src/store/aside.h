/* What missived's commands do to a store beside the daemon that may have it, as store_password_add() does. */
#pragma once

#include "store/store.h"

/* An account that was made up loses its app passwords. 0 or negative errno. */
int store_account_forget(const char *path, const char *jid);

/* What store_secret() says. 0, or negative errno with the reason. */
int store_secret_read(
	const char *path, unsigned char secret[STORE_SECRET], char *error, size_t size);
