/* store/slug.h: the readable part of a walkthrough's URL. Pure. */
#pragma once
#include <stddef.h>

/* "Küche & Bad, 2. Teil" → "kueche-bad-2-teil": [a-z0-9-], at most size − 1 characters, never
 * empty. */
void slug_of_title(const char *title, char *ret, size_t size);
