#include "model/model.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define FARTHEST 10000.0f

struct model *model_new(void) {
    return calloc(1, sizeof(struct model));
}

void model_free(struct model *m) {
    if (m != NULL) {
        free(m->positions);
        free(m->normals);
        free(m->uvs);
        free(m->indices);
        free(m);
    }
}

static bool grow(void *at, size_t count, size_t size) {
    void **p = at;
    void *more = realloc(*p, count * size);

    if (more != NULL) {
        *p = more;
    }
    return more != NULL;
}

static bool grow_vertices(struct model *m, uint32_t wanted) {
    if (wanted <= m->vertices_room) {
        return true;
    }
    uint32_t room = wanted + wanted / 2;
    if (!grow(&m->positions, room, 3 * sizeof(float)) ||
        !grow(&m->normals, room, 3 * sizeof(float)) || !grow(&m->uvs, room, 2 * sizeof(float))) {
        return false;
    }
    m->vertices_room = room;
    return true;
}

static bool grow_indices(struct model *m, uint32_t wanted) {
    if (wanted <= m->indices_room) {
        return true;
    }
    uint32_t room = wanted + wanted / 2;
    if (!grow(&m->indices, room, sizeof(uint32_t))) {
        return false;
    }
    m->indices_room = room;
    return true;
}

struct model_part *model_add(struct model *m, uint32_t vertices, uint32_t indices,
                             const char **ret_words) {
    if (m->part_count == MODEL_PARTS_MAX) {
        *ret_words = "The model has more than 1,024 parts: join those of one material.";
        return NULL;
    }
    if (vertices > MODEL_VERTICES_MAX - m->vertices ||
        indices > MODEL_INDICES_MAX - m->index_count) {
        *ret_words = "The model is too fine for a phone: at most 500,000 points and 1,000,000 "
                     "triangles.";
        return NULL;
    }
    if (!grow_vertices(m, m->vertices + vertices) || !grow_indices(m, m->index_count + indices)) {
        return NULL;
    }
    struct model_part *part = &m->parts[m->part_count++];
    *part = (struct model_part){.first_vertex = m->vertices,
                                .vertices = vertices,
                                .first_index = m->index_count,
                                .indices = indices,
                                .material = -1};
    m->vertices += vertices;
    m->index_count += indices;
    return part;
}

int model_measure(struct model *m, const struct model_part *part) {
    for (uint32_t i = 0; i < part->vertices; i++) {
        const float *p = m->positions + 3 * ((size_t)part->first_vertex + i);
        bool first = part->first_vertex == 0 && i == 0;
        for (int axis = 0; axis < 3; axis++) {
            if (!(fabsf(p[axis]) <= FARTHEST)) {
                return -EBADMSG;
            }
            m->min[axis] = first || p[axis] < m->min[axis] ? p[axis] : m->min[axis];
            m->max[axis] = first || p[axis] > m->max[axis] ? p[axis] : m->max[axis];
        }
    }
    return 0;
}

static int longest(const double size[3]) {
    return size[0] >= size[1] && size[0] >= size[2] ? 0 : size[1] >= size[2] ? 1 : 2;
}

double model_scale(const double extent[3], const double size[3]) {
    int edge = longest(size);

    return size[edge] > 0 && extent[edge] > 0 ? size[edge] / extent[edge] : 1;
}

double model_misfit(const double extent[3], const double size[3]) {
    double scale = model_scale(extent, size), most = 0;
    double edge = size[longest(size)];

    for (int i = 0; i < 3; i++) {
        if (size[i] > 0 && edge > 0) {
            most = fmax(most, fabs(extent[i] * scale - size[i]) / edge);
        }
    }
    return most;
}
