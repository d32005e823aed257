/* store/migrations.h: the schema as the list of steps that led to it. Never edit a released step.
 */
#pragma once
#include <stddef.h>

/* Step n takes the file from user_version n to n + 1. */
extern const char *const migrations[];
extern const size_t migration_count;
