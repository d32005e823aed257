/* A model is read with all its transforms, and refused in words when anything in it is not as it
 * should be. */
#include "made_glb.h"
#include "model/glb.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct made_triangle triangle = TRIANGLE;
static char words[MODEL_WORDS_MAX];

static int read_text(const char *json, struct model **ret) {
    struct bytes file = glb_of(json, &triangle, sizeof triangle);
    int r = glb_read(file, ret, words);
    free((void *)file.p);
    return r;
}

static struct bytes sample(void) {
    static uint8_t bytes[1 << 20];
    FILE *f = fopen(SAMPLE_MODEL, "rb");
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return bytes_of(bytes, n);
}

static void the_sample_has_its_true_size(void **state) {
    static const double size[3] = {0.792, 1.426, 0.379};
    struct model *m;
    (void)state;
    assert_int_equal(glb_read(sample(), &m, words), 0);
    for (int axis = 0; axis < 3; axis++) {
        assert_true(fabs((double)(m->max[axis] - m->min[axis]) - size[axis]) < 0.002);
    }
    assert_int_equal(m->picture_count, 1);
    assert_int_equal(m->pictures[0].kind, PICTURE_PNG);
    assert_int_equal(m->materials[1].picture, 0);
    assert_int_equal(m->part_count, 6);
    for (unsigned i = 0; i < m->part_count; i++) { /* the oak has a picture and a place for it */
        assert_int_equal(m->parts[i].uvs, m->parts[i].material == 1);
    }
    model_free(m);
}

static void every_shortened_or_turned_sample_is_survived(void **state) {
    struct bytes file = sample();
    struct model *m;
    (void)state;
    for (size_t n = 0; n < file.n; n += 997) {
        assert_int_equal(glb_read(bytes_of(file.p, n), &m, words), -EBADMSG);
        assert_true(words[0] != '\0');
    }
    for (size_t at = 0; at < 6000; at += 7) { /* a byte of the description is another */
        uint8_t *p = (uint8_t *)file.p, before = p[at];
        p[at] ^= 0x15;
        if (glb_read(file, &m, words) == 0) {
            model_free(m);
        }
        p[at] = before;
    }
}

static void nodes_move_scale_turn_and_mirror(void **state) {
    struct model *m;
    (void)state;
    assert_int_equal(
        read_text(HEAD VIEWS ACCESSORS MESH
                  "\"nodes\":[{\"children\":[1],\"translation\":[10,0,0],\"scale\":[0.1,0.1,0.1]},"
                  "{\"mesh\":0,\"rotation\":[0,0,0.70710678,0.70710678]}],"
                  "\"scene\":0,\"scenes\":[{\"nodes\":[0]}]}",
                  &m),
        0);
    /* x → y, y → −x, then a tenth, 10 m aside */
    assert_true(fabsf(m->min[0] - 9.7f) < 1e-4f && fabsf(m->max[0] - 10) < 1e-4f);
    assert_true(fabsf(m->min[1]) < 1e-4f && fabsf(m->max[1] - 0.2f) < 1e-4f);
    model_free(m);
    assert_int_equal(read_text(HEAD VIEWS ACCESSORS MESH
                               "\"nodes\":[{\"mesh\":0,\"scale\":[-1,1,1]}],"
                               "\"scenes\":[{\"nodes\":[0]}]}",
                               &m),
                     0);
    const uint32_t turned[3] = {0, 2, 1}; /* still seen from the front */
    assert_memory_equal(m->indices, turned, sizeof turned);
    model_free(m);
}

static void what_is_wrong_is_said(void **state) {
    static const struct {
        const char *json, *word;
    } rows[] = {
        {"{", "description"},
        {"{\"asset\":{\"version\":\"1.0\"}}", "2.0"},
        {"{\"asset\":{\"version\":\"2.0\"}}", "no scene"},
        {"{\"asset\":{\"version\":\"2.0\"},\"buffers\":[{\"byteLength\":40,\"uri\":\"http://"
         "a.example/b\"}]}",
         "other files"},
        {"{\"asset\":{\"version\":\"2.0\"},\"buffers\":[{\"byteLength\":400}]}", "cut off"},
        {"{\"asset\":{\"version\":\"2.0\"},\"extensionsRequired\":[\"KHR_draco_mesh_compression\"]"
         "}",
         "without compression"},
        {HEAD "\"images\":[{\"uri\":\"data:image/png;base64,AA\"}]}", "other files"},
        {HEAD VIEWS "\"images\":[{\"bufferView\":0}]}", "no PNG"},
        {HEAD "\"bufferViews\":[{\"buffer\":0,\"byteOffset\":30,\"byteLength\":36}]," ACCESSORS MESH
             SCENE,
         "outside"},
        {HEAD "\"bufferViews\":[{\"buffer\":0,\"byteLength\":35},{\"buffer\":0,\"byteLength\":3}]"
              "," ACCESSORS MESH SCENE,
         "longer"},
        {HEAD VIEWS
         "\"accessors\":[{\"bufferView\":0,\"componentType\":5126,\"count\":4611686018427387904,"
         "\"type\":\"VEC3\"}]," MESH SCENE,
         "damaged"},
        {HEAD VIEWS
         "\"accessors\":[{\"bufferView\":0,\"componentType\":5126,\"count\":3,\"type\":\"VEC3\","
         "\"sparse\":{}}]," MESH SCENE,
         "sparse"},
        {HEAD VIEWS ACCESSORS
         "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":0},\"mode\":1}]}]," SCENE,
         "no surface"},
        {HEAD VIEWS ACCESSORS
         "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":0},\"indices\":1,"
         "\"material\":0}]}]," SCENE,
         "material"},
        {HEAD VIEWS ACCESSORS MESH
         "\"nodes\":[{\"mesh\":0,\"children\":[0]}],\"scenes\":[{\"nodes\":[0]}]}",
         "nodes"},
        {HEAD VIEWS ACCESSORS MESH
         "\"nodes\":[{\"mesh\":0,\"skin\":0}],\"scenes\":[{\"nodes\":[0]}]}",
         "skeleton"},
        {HEAD VIEWS ACCESSORS MESH
         "\"nodes\":[{\"mesh\":0,\"scale\":[1e9,1,1]}],\"scenes\":[{\"nodes\":[0]}]}",
         "nowhere"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct model *m;
        assert_int_equal(read_text(rows[i].json, &m), -EBADMSG);
        if (strstr(words, rows[i].word) == NULL) {
            fail_msg("row %zu: “%s” does not say “%s”", i, words, rows[i].word);
        }
    }
    struct made_triangle wrong = triangle;
    struct model *m;
    wrong.corners[1] = 3;
    struct bytes file = glb_of(HEAD VIEWS ACCESSORS MESH SCENE, &wrong, sizeof wrong);
    assert_int_equal(glb_read(file, &m, words), -EBADMSG);
    assert_non_null(strstr(words, "not there"));
    free((void *)file.p);
}

static void the_longest_edge_becomes_true(void **state) {
    const double metres[3] = {0.792, 1.426, 0.379}, centimetres[3] = {79.2, 142.6, 37.9};
    const double other[3] = {1, 1.426, 0.379}, none[3] = {0, 0, 0};
    (void)state;
    assert_true(fabs(model_scale(centimetres, metres) - 0.01) < 1e-12);
    assert_true(model_misfit(centimetres, metres) < 1e-12);
    assert_true(fabs(model_misfit(metres, other) - 0.208 / 1.426) < 1e-9);
    assert_true(model_scale(metres, none) == 1 && model_misfit(metres, none) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_has_its_true_size),
        cmocka_unit_test(every_shortened_or_turned_sample_is_survived),
        cmocka_unit_test(nodes_move_scale_turn_and_mirror),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(the_longest_edge_becomes_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
