/* The rows of the table of commands, by the files that they are in. */
#pragma once

#include "service/command.h"

/* account.c */
extern const struct command account_command;

/* password_new.c, password.c */
extern const struct command password_new_command, password_list_command, password_revoke_command;
