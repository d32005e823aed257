/* Captions: whatever comes in, what comes out is WebVTT in order that reads back. (Not the same to
 * the byte: what looks like an escaped tag is taken out when it is read.) */
#include "input/captions.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const langs[] = {"en", "ru", "ja", ""};
    struct captions first = {0}, second = {0};
    const char *lang = langs[size > 0 ? data[size - 1] % 4 : 0];
    if (captions_parse(&first, bytes_of(data, size), lang) == 0) {
        size_t n = 0, m = 0;
        char *text = captions_format(&first, &n);
        assert(text && strlen(text) == n);
        for (size_t i = 0; i < first.count; i++) {
            assert(first.cues[i].start < first.cues[i].end);
            assert(i == 0 || first.cues[i - 1].start <= first.cues[i].start);
            assert(!strstr(first.cues[i].text, "-->") && !strstr(first.cues[i].text, "\n\n"));
        }
        assert(captions_parse(&second, bytes_of_text(text), "") == 0);
        char *again = captions_format(&second, &m);
        assert(again && m <= n && second.count <= first.count);
        free(again);
        free(text);
    }
    captions_clear(&first);
    captions_clear(&second);
    return 0;
}
