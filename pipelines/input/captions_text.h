/* input/captions_text.h: the words of captions: old encodings to UTF-8, foreign tags to WebVTT's.
 */
#pragma once
#include "base/spans.h"

/* UTF-8 without a byte order mark or NUL; every byte sequence that is none becomes U+FFFD or is
 * read as the old encoding that `lang` suggests (Windows-1252 for most). Free with free(); NULL
 * without memory. */
char *captions_to_utf8(struct bytes file, const char *lang, size_t *ret_size);

/* Cue text (WebVTT §3.2 "cue payload") of `text`, UTF-8, into `out`, which has room for `size`
 * bytes with the end. Returns the bytes written, 0 when there are no words in it. */
size_t captions_clean(struct bytes text, char *out, size_t size);
