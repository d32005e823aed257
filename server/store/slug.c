#include "store/slug.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* U+00DF … U+00FF, the second UTF-8 byte 0x9f … 0xbf; capitals lie 0x20 below. */
static const char *const latin[] = {"ss", "a",  "a", "a", "a", "ae", "a", "ae", "c", "e",  "e",
                                    "e",  "e",  "i", "i", "i", "i",  "d", "n",  "o", "o",  "o",
                                    "o",  "oe", "",  "o", "u", "u",  "u", "ue", "y", "th", "y"};

/* The ASCII letters for the character at *at, which is moved on; NULL for a separator. */
static const char *letters(const unsigned char **at, char one[2]) {
    const unsigned char *c = *at;
    if (*c < 0x80) {
        *at = c + 1;
        one[0] = (char)tolower(*c);
        return isalnum(*c) ? one : NULL;
    }
    size_t n = 1;
    while ((c[n] & 0xc0) == 0x80) {
        n++;
    }
    *at = c + n;
    if (c[0] != 0xc3 || n != 2) {
        return NULL;
    }
    unsigned char second = c[1];
    if (second < 0x9f) {
        second = (unsigned char)(second + 0x20);
    }
    size_t index = (size_t)second - 0x9f;
    return index < sizeof(latin) / sizeof(*latin) && latin[index][0] ? latin[index] : NULL;
}

void slug_of_title(const char *title, char *ret, size_t size) {
    const unsigned char *at = (const unsigned char *)title;
    size_t n = 0;
    while (*at) {
        char one[2] = "";
        const char *text = letters(&at, one);
        size_t more = text ? strlen(text) : 1;
        if (n + more >= size) {
            break;
        }
        if (text) {
            memcpy(ret + n, text, more);
            n += more;
        } else if (n > 0 && ret[n - 1] != '-') {
            ret[n++] = '-';
        }
    }
    while (n > 0 && ret[n - 1] == '-') {
        n--;
    }
    ret[n] = '\0';
    if (n == 0) {
        snprintf(ret, size, "walkthrough");
    }
}
