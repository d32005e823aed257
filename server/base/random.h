/* base/random.h: unpredictable bytes from the kernel, for the edges. The core takes seeds. */
#pragma once
#include <stddef.h>
#include <stdint.h>

void random_bytes(void *p, size_t n);
uint64_t random_u64(void);

/* Fills `text` with `n` characters of [A-Za-z0-9] (5.95 bits each) and a NUL; needs n + 1 bytes. */
void random_text(char *text, size_t n);
