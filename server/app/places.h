/* app/places.h: where things are on this machine when nobody says so. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Each fills `ret` with a path: the first that exists of beside the program, the build tree's
 * layout, and the installed one; the last of them when none does. */
void place_pipeline(char *ret, size_t size);
void place_web_root(char *ret, size_t size);
void place_assets(char *ret, size_t size);

/* DIR/NAME. False when it does not fit. */
bool place_join(char *ret, size_t size, const char *dir, const char *name);
