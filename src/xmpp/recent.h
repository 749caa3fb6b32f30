/*
 * Who had a prompt of late that has ended: as long as it is remembered, a bare "OK" may have been meant for it (RULES "Identity and
 * confirms"). A table of fixed size; where it must forget somebody too soon, all who share their place are taken to be remembered.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct recent;

struct recent *recent_open(void);
void recent_close(struct recent *recent);

/* A prompt to this JID has ended; it is remembered until then (milliseconds of the loop's clock). */
void recent_add(struct recent *recent, const char *bare, uint64_t until);
bool recent_has(const struct recent *recent, const char *bare, uint64_t now);
