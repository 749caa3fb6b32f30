/* The rows of the table of commands, by the files that they are in. */
#pragma once

#include "service/command.h"

/* files.c */
extern const struct command files_command, files_delete_command;

/* sharing.c */
extern const struct command files_share_command, files_unshare_command, shared_command;

/* account.c */
extern const struct command account_command;

/* admin.c */
extern const struct command usage_command, find_command, delete_command, purge_command;

/* password_new.c, password.c */
extern const struct command password_new_command, password_list_command, password_revoke_command;
