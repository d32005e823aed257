/* A product's model: what the reader accepts keeps its promises, and can be written as USDZ. */
#include "model/glb.h"
#include "model/usdz.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool fine) {
    if (!fine) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char words[MODEL_WORDS_MAX];
    struct picture picture;
    struct model *m = NULL;

    picture_look(bytes_of(data, size), &picture);
    int r = glb_read(bytes_of(data, size), &m, words);
    if (r < 0) {
        check(words[0] != '\0');
        return 0;
    }
    check(m->index_count > 0 && m->index_count % 3 == 0);
    for (unsigned i = 0; i < m->part_count; i++) {
        const struct model_part *part = &m->parts[i];
        check(part->material < (int)m->material_count);
        for (uint32_t k = 0; k < part->indices; k++) {
            check(m->indices[part->first_index + k] < part->vertices);
        }
    }
    for (int axis = 0; axis < 3; axis++) {
        check(isfinite(m->min[axis]) && m->min[axis] <= m->max[axis]);
    }
    char *out = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&out, &n);
    check(to != NULL && usdz_write(m, 1, to) == 0);
    fclose(to);
    check(n > 64);
    free(out);
    model_free(m);
    return 0;
}
