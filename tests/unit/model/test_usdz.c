/* A package's entries are stored at multiples of 64 bytes, the layer first, at the true size. */
#include "model/glb.h"
#include "model/usdz.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct package {
    char *p;
    size_t n;
};

static struct package written(const struct model *m, double scale) {
    struct package out = {0};
    FILE *to = open_memstream(&out.p, &out.n);
    assert_int_equal(usdz_write(m, scale, to), 0);
    fclose(to);
    return out;
}

static unsigned le(const char *p, int n) {
    unsigned v = 0;
    while (n-- > 0) {
        v = v << 8 | (uint8_t)p[n];
    }
    return v;
}

/* Entry `index` by its local header. */
static struct bytes entry(const struct package *a, unsigned index, char name[32]) {
    const char *p = a->p;
    for (;; index--) {
        assert_memory_equal(p, "PK\3\4", 4);
        assert_int_equal(le(p + 8, 2), 0); /* stored */
        unsigned n = le(p + 18, 4), names = le(p + 26, 2), extra = le(p + 28, 2);
        snprintf(name, 32, "%.*s", (int)names, p + 30);
        const char *data = p + 30 + names + extra;
        assert_int_equal((data - a->p) % 64, 0);
        if (index == 0) {
            return bytes_of(data, n);
        }
        p = data + n;
    }
}

static void a_box_of_edges_alone(void **state) {
    struct model *m = model_box(0.4f, 1.2f, 0.3f);
    struct package a = written(m, 1), b = written(m, 1);
    char name[32];
    (void)state;
    struct bytes layer = entry(&a, 0, name);
    char *text = strndup((const char *)layer.p, layer.n);
    assert_string_equal(name, "model.usda");
    assert_int_equal(strncmp(text, "#usda 1.0\n", 10), 0);
    assert_non_null(strstr(text, "metersPerUnit = 1\n"));
    assert_non_null(strstr(text, "upAxis = \"Y\"\n"));
    assert_non_null(strstr(text, "extent = [(-0.2, 0, -0.15), (0.2, 1.2, 0.15)]"));
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.p, b.p, a.n);
    free(text);
    free(a.p);
    free(b.p);
    model_free(m);
}

/* Every face of the box looks outward. */
static void faces_look_outward(void **state) {
    struct model *m = model_box(1, 2, 3);
    (void)state;
    for (uint32_t i = 0; i < m->index_count; i += 3) {
        const float *a = m->positions + 3 * (size_t)m->indices[i];
        const float *b = m->positions + 3 * (size_t)m->indices[i + 1];
        const float *c = m->positions + 3 * (size_t)m->indices[i + 2];
        const float *n = m->normals + 3 * (size_t)m->indices[i];
        float u[3], v[3];
        for (int k = 0; k < 3; k++) {
            u[k] = b[k] - a[k];
            v[k] = c[k] - a[k];
        }
        float dot = (u[1] * v[2] - u[2] * v[1]) * n[0] + (u[2] * v[0] - u[0] * v[2]) * n[1] +
                    (u[0] * v[1] - u[1] * v[0]) * n[2];
        assert_true(dot > 0);
    }
    model_free(m);
}

static void the_sample_with_its_picture(void **state) {
    static uint8_t bytes[1 << 20];
    char words[MODEL_WORDS_MAX], name[32];
    struct model *m;
    FILE *f = fopen(SAMPLE_MODEL, "rb");
    (void)state;
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_int_equal(glb_read(bytes_of(bytes, n), &m, words), 0);
    struct package a = written(m, 2);
    struct bytes picture = entry(&a, 1, name);
    assert_string_equal(name, "textures/0.png");
    assert_true(bytes_equal(picture, m->pictures[0].file));
    struct bytes layer = entry(&a, 0, name);
    char *text = strndup((const char *)layer.p, layer.n);
    assert_non_null(strstr(text, "@textures/0.png@"));
    assert_non_null(strstr(text, "primvars:st"));
    /* twice as high as the lamp, its foot on the floor */
    double low = 1, high = 0;
    for (const char *p = text; (p = strstr(p, "extent = [(")) != NULL; p++) {
        double v[6];
        assert_int_equal(sscanf(p, "extent = [(%lf, %lf, %lf), (%lf, %lf, %lf)]", v, v + 1, v + 2,
                                v + 3, v + 4, v + 5),
                         6);
        low = fmin(low, v[1]);
        high = fmax(high, v[4]);
    }
    assert_true(fabs(low) < 1e-6 && fabs(high - 2 * 1.4258) < 0.001);
    free(text);
    free(a.p);
    model_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_box_of_edges_alone),
        cmocka_unit_test(faces_look_outward),
        cmocka_unit_test(the_sample_with_its_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
