/* Materials (5.19), textures (5.29) and images (5.13) of a glTF file. */
#include "model/glb_parts.h"

#include <errno.h>

/* Numbers of a list, each cut to 0 … 1; what is missing stays. */
static void get_shares(const struct json *object, const char *key, float *ret, size_t count) {
    const struct json *list = json_get(object, key);

    for (size_t i = 0; i < count && i < json_count(list); i++) {
        double v = ret[i];
        json_number(json_at(list, i), &v);
        ret[i] = v < 0 ? 0 : v > 1 ? 1 : (float)v;
    }
}

static float get_share(const struct json *object, const char *key, float otherwise) {
    double v = otherwise;

    json_get_number(object, key, &v);
    return v < 0 ? 0 : v > 1 ? 1 : (float)v;
}

static int read_picture(struct glb *g, const struct json *image, size_t index) {
    struct bytes file = {0};
    struct picture picture;
    size_t view = 0, stride = 0;

    if (json_has(image, "uri")) {
        return glb_refuse(g,
                          "The model refers to other files: export it as one binary file (.glb).");
    }
    if (glb_index(image, "bufferView", json_count(glb_list(g, "bufferViews")), &view) < 0 ||
        glb_view(g, view, &file, &stride) < 0) {
        return glb_refuse(g, "The model is damaged: its picture %zu is not there.", index);
    }
    int r = picture_look(file, &picture);
    if (r < 0) {
        return r == -EFBIG
                   ? glb_refuse(g,
                                "The model's picture %zu is too large: at most %d pixels a side.",
                                index, PICTURE_SIDE_MAX)
                   : glb_refuse(g, "The model's picture %zu is no PNG, JPEG or WebP.", index);
    }
    g->model->pictures[g->model->picture_count++] =
        (struct model_picture){.kind = picture.kind, .file = file};
    return 0;
}

/* The picture behind a texture; -1 none that is read here. */
static int picture_of(struct glb *g, const struct json *info, int *ret) {
    const struct json *textures = glb_list(g, "textures");
    size_t texture = 0, source = 0;
    int r = glb_index(info, "index", json_count(textures), &texture);

    *ret = -1;
    if (r == 0) {
        r = glb_index(json_at(textures, texture), "source", g->model->picture_count, &source);
        if (r == -ENOENT) {
            return 0; /* in a form that an extension brings */
        }
    }
    if (r < 0) {
        return glb_refuse(g, "The model is damaged: a material names a picture that is not there.");
    }
    *ret = (int)source;
    return 0;
}

static int read_material(struct glb *g, const struct json *from) {
    struct model_material m = {.colour = {1, 1, 1, 1}, .picture = -1};
    const struct json *pbr = json_get(from, "pbrMetallicRoughness");
    const struct json *texture = json_get(pbr, "baseColorTexture");
    const char *mode = "OPAQUE";
    int64_t uv = 0;

    get_shares(pbr, "baseColorFactor", m.colour, 4);
    get_shares(from, "emissiveFactor", m.emissive, 3);
    m.metallic = get_share(pbr, "metallicFactor", 1);
    m.roughness = get_share(pbr, "roughnessFactor", 1);
    json_get_bool(from, "doubleSided", &m.double_sided);
    json_get_text(from, "alphaMode", &mode);
    m.transparent = strcmp(mode, "BLEND") == 0;
    m.cutoff = strcmp(mode, "MASK") == 0 ? get_share(from, "alphaCutoff", 0.5f) : 0;
    if (texture != NULL) {
        json_get_int(texture, "texCoord", &uv);
        if (uv < 0 || uv > 7) {
            return glb_refuse(
                g, "The model is damaged: a picture lies on coordinates that are not there.");
        }
        m.uv = (unsigned)uv;
        int r = picture_of(g, texture, &m.picture);
        if (r < 0) {
            return r;
        }
    }
    g->model->materials[g->model->material_count++] = m;
    return 0;
}

int glb_read_materials(struct glb *g) {
    const struct json *images = glb_list(g, "images"), *materials = glb_list(g, "materials");
    int r = 0;

    if (json_count(images) > MODEL_PICTURES_MAX || json_count(materials) > MODEL_MATERIALS_MAX) {
        return glb_refuse(g, "The model has too many materials or pictures (at most %u and %u).",
                          MODEL_MATERIALS_MAX, MODEL_PICTURES_MAX);
    }
    for (size_t i = 0; r == 0 && i < json_count(images); i++) {
        r = read_picture(g, json_at(images, i), i);
    }
    for (size_t i = 0; r == 0 && i < json_count(materials); i++) {
        r = read_material(g, json_at(materials, i));
    }
    return r;
}
