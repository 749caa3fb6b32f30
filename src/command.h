/* What missived does instead of serving: missived [-c FILE] COMMAND ... A table of commands, from which the usage is printed. */
#pragma once

#include "base/config.h"

#include <stdbool.h>
#include <stdio.h>

struct command;

/* The row that these arguments are of, the command's name first; repair: with --repair. NULL: of none. */
const struct command *command_find(int argc, char **argv, bool repair);

/* Runs it; the exit status. */
int command_run(const struct command *command, const struct config *config, bool repair, int argc,
	char **argv);

void command_usage(FILE *out);
