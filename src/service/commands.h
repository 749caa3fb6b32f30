/* The rows of the table of commands, each in the file of its name. */
#pragma once

#include "service/command.h"

extern const struct command account_command;
