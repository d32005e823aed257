#include "model/model.h"

static const float faces[6][3] = {{1, 0, 0},  {-1, 0, 0}, {0, 1, 0},
                                  {0, -1, 0}, {0, 0, 1},  {0, 0, -1}};

/* The four corners of the face that looks along `normal`, counter-clockwise from outside. */
static void put_face(const float normal[3], const float half[3], float *positions, float *normals) {
    int axis = normal[0] != 0 ? 0 : normal[1] != 0 ? 1 : 2;
    int a = (axis + 1) % 3, b = (axis + 2) % 3;

    for (int corner = 0; corner < 4; corner++) {
        float right = corner == 1 || corner == 2 ? 1 : -1, up = corner >= 2 ? 1 : -1;
        float *p = positions + 3 * corner;
        p[axis] = normal[axis] * half[axis];
        p[a] = right * normal[axis] * half[a];
        p[b] = up * half[b];
        p[1] += half[1]; /* it stands on the floor */
        memcpy(normals + 3 * corner, normal, 3 * sizeof(float));
    }
}

struct model *model_box(float width, float height, float depth) {
    static const uint32_t corners[6] = {0, 1, 2, 0, 2, 3};
    const float half[3] = {width / 2, height / 2, depth / 2};
    const char *words = NULL;
    struct model *m = model_new();
    struct model_part *part = m != NULL ? model_add(m, 24, 36, &words) : NULL;

    if (part == NULL) {
        model_free(m);
        return NULL;
    }
    part->normals = true;
    part->material = 0;
    m->materials[m->material_count++] = (struct model_material){
        .colour = {0.62f, 0.6f, 0.57f, 1}, .roughness = 0.7f, .picture = -1};
    for (uint32_t face = 0; face < 6; face++) {
        put_face(faces[face], half, m->positions + (size_t)12 * face,
                 m->normals + (size_t)12 * face);
        for (uint32_t i = 0; i < 6; i++) {
            m->indices[6 * face + i] = 4 * face + corners[i];
        }
    }
    model_measure(m, part);
    return m;
}
