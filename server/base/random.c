#include "base/random.h"

#include <stdlib.h>
#include <sys/random.h>

void random_bytes(void *p, size_t n) {
    uint8_t *at = p;
    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0) {
            continue; /* EINTR is the only failure of a blocking getrandom */
        }
        at += got;
        n -= (size_t)got;
    }
}

uint64_t random_u64(void) {
    uint64_t v;
    random_bytes(&v, sizeof(v));
    return v;
}

void random_text(char *text, size_t n) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for (size_t i = 0; i < n;) {
        uint8_t b;
        random_bytes(&b, 1);
        if (b < 248) { /* 4 × 62: no modulo bias */
            text[i++] = alphabet[b % 62];
        }
    }
    text[n] = '\0';
}
