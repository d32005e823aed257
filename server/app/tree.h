/* app/tree.h: directories that go away with all that is in them. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

/* What cannot be removed stays; links are removed, not followed. */
void tree_remove(const char *path);

/* Removes what a process that made `path` left half-done beside it: `.NAME.PID.part`, and with
 * `pid` 0 that of any process. */
void tree_remove_parts(const char *path, pid_t pid);
