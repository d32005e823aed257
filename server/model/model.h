/* model/model.h: a product's shape: triangles in metres, y up, with plain materials. Pure. */
#pragma once
#include "model/picture.h"

/* What a customer's phone can show; a model with more is refused. */
#define MODEL_VERTICES_MAX 500000u
#define MODEL_INDICES_MAX 3000000u
#define MODEL_PARTS_MAX 1024u
#define MODEL_MATERIALS_MAX 256u
#define MODEL_PICTURES_MAX 64u
#define MODEL_WORDS_MAX 200

struct model_material {
    float colour[4], emissive[3]; /* linear, 0 … 1 */
    float metallic, roughness;
    float cutoff; /* of alpha; 0: none */
    int picture;  /* the colour's, -1 none */
    unsigned uv;  /* the set of coordinates that the picture wants */
    bool transparent, double_sided;
};

/* Vertices of parts lie one after another, so do indices, which count from the part's first vertex.
 */
struct model_part {
    uint32_t first_vertex, vertices, first_index, indices;
    int material; /* -1: plain */
    bool normals, uvs;
};

struct model_picture {
    enum picture_kind kind;
    struct bytes file; /* inside of the model's file */
};

struct model {
    float *positions, *normals; /* 3 for each vertex */
    float *uvs;                 /* 2 */
    uint32_t *indices;          /* 3 for each triangle, counter-clockwise from outside */
    uint32_t vertices, vertices_room, index_count, indices_room;
    struct model_part parts[MODEL_PARTS_MAX];
    unsigned part_count;
    struct model_material materials[MODEL_MATERIALS_MAX];
    unsigned material_count;
    struct model_picture pictures[MODEL_PICTURES_MAX];
    unsigned picture_count;
    float min[3], max[3]; /* of all positions that a triangle uses or not, once there is a part */
};

/* NULL without memory. */
struct model *model_new(void);
void model_free(struct model *m); /* NULL is fine */

/* A part with room for so many; its positions, normals, uvs and indices are for the caller to fill.
 * NULL: too many (*ret_words says of what; untouched without memory). */
struct model_part *model_add(struct model *m, uint32_t vertices, uint32_t indices,
                             const char **ret_words);
/* Takes the part's positions into min and max. -EBADMSG when one is no number or beyond 10 km. */
int model_measure(struct model *m, const struct model_part *part);

/* A plain block that stands on the floor: edges in metres. NULL without memory. */
struct model *model_box(float width, float height, float depth);

/* The factor that makes a model of `extent` (w, h, d) fit `size` (same order and unit): the longest
 * edge of `size` becomes true. 1 when one of them is not known (0). */
double model_scale(const double extent[3], const double size[3]);
/* How far the scaled model is off in the edge that fits least, as a share of the longest edge of
 * `size`. */
double model_misfit(const double extent[3], const double size[3]);
