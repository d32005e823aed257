/* Sections are those of the glTF 2.0 specification (ISO/IEC 12113:2022). */
#include "model/glb.h"
#include "model/glb_parts.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NODE_DEPTH_MAX 32
#define NODE_VISITS_MAX 10000

enum component { BYTE = 5120, UBYTE, SHORT, USHORT, UINT = 5125, FLOAT };

struct accessor {
    const uint8_t *p;
    size_t count, stride;
    unsigned lanes;
    enum component component;
    bool normalized;
};

static uint32_t le32(const uint8_t *p) {
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

int glb_refuse(struct glb *g, const char *format, ...) {
    if (g->words[0] == '\0') {
        va_list args;
        va_start(args, format);
        vsnprintf(g->words, MODEL_WORDS_MAX, format, args);
        va_end(args);
    }
    return -EBADMSG;
}

int glb_index(const struct json *object, const char *key, size_t count, size_t *ret) {
    int64_t n = 0;
    int r = json_get_int(object, key, &n);

    if (r < 0) {
        return r == -ENOENT && !json_has(object, key) ? -ENOENT : -EBADMSG;
    }
    if (n < 0 || (uint64_t)n >= count) {
        return -EBADMSG;
    }
    *ret = (size_t)n;
    return 0;
}

const struct json *glb_list(const struct glb *g, const char *name) {
    const struct json *list = json_get(g->root, name);

    return json_kind_of(list) == JSON_KIND_LIST ? list : NULL;
}

/* ---- 5.11 and 5.1: bytes ---- */

/* An integer of at least 0; absent is 0. */
static bool get_size(const struct json *object, const char *key, size_t *ret) {
    int64_t n = 0;
    int r = json_get_int(object, key, &n);

    *ret = (size_t)n;
    return (r == 0 || !json_has(object, key)) && n >= 0;
}

int glb_view(struct glb *g, size_t index, struct bytes *ret, size_t *ret_stride) {
    const struct json *view = json_at(glb_list(g, "bufferViews"), index);
    size_t buffer = 0, offset, length, stride;

    if (glb_index(view, "buffer", 1, &buffer) < 0 || !get_size(view, "byteOffset", &offset) ||
        !get_size(view, "byteLength", &length) || !get_size(view, "byteStride", &stride) ||
        length == 0 || offset > g->bin.n || length > g->bin.n - offset ||
        (stride != 0 && (stride < 4 || stride > 252 || stride % 4 != 0))) {
        return glb_refuse(g, "The model is damaged: its part %zu lies outside of the file.", index);
    }
    *ret = bytes_of(g->bin.p + offset, length);
    *ret_stride = stride;
    return 0;
}

static size_t component_size(enum component c) {
    return c == BYTE || c == UBYTE ? 1 : c == SHORT || c == USHORT ? 2 : 4;
}

static unsigned lanes_of(const char *type) {
    return strcmp(type, "SCALAR") == 0 ? 1
           : strcmp(type, "VEC2") == 0 ? 2
           : strcmp(type, "VEC3") == 0 ? 3
           : strcmp(type, "VEC4") == 0 ? 4
                                       : 0;
}

static int read_accessor(struct glb *g, size_t index, struct accessor *ret) {
    const struct json *a = json_at(glb_list(g, "accessors"), index);
    struct accessor out = {0};
    size_t view = 0, offset = 0, stride = 0;
    int64_t component = 0;
    const char *type = "";
    struct bytes b;

    if (json_has(a, "sparse")) {
        return glb_refuse(g, "The model uses sparse accessors, which are not read here: export it "
                             "without.");
    }
    json_get_text(a, "type", &type);
    json_get_int(a, "componentType", &component);
    json_get_bool(a, "normalized", &out.normalized);
    out.lanes = lanes_of(type);
    out.component = (enum component)component;
    if (out.lanes == 0 || component < BYTE || component > FLOAT || component == 5124 ||
        !get_size(a, "count", &out.count) || out.count == 0 ||
        !get_size(a, "byteOffset", &offset) ||
        glb_index(a, "bufferView", json_count(glb_list(g, "bufferViews")), &view) < 0) {
        return glb_refuse(g, "The model is damaged: its accessor %zu cannot be read.", index);
    }
    int r = glb_view(g, view, &b, &stride);
    if (r < 0) {
        return r;
    }
    size_t element = component_size(out.component) * out.lanes;
    out.stride = stride != 0 ? stride : element;
    if (out.stride < element || offset > b.n || b.n - offset < element ||
        out.count - 1 > (b.n - offset - element) / out.stride) {
        return glb_refuse(g, "The model is damaged: its accessor %zu is longer than its data.",
                          index);
    }
    out.p = b.p + offset;
    *ret = out;
    return 0;
}

static float lane(const struct accessor *a, size_t i, unsigned l) {
    const uint8_t *p = a->p + i * a->stride + l * component_size(a->component);
    uint16_t u16 = (uint16_t)(p[0] | (component_size(a->component) > 1 ? p[1] << 8 : 0));
    uint32_t bits;
    float f;

    switch (a->component) {
    case BYTE:
        f = (float)(int8_t)p[0];
        return a->normalized ? fmaxf(f / 127, -1) : f;
    case UBYTE:
        return a->normalized ? (float)p[0] / 255 : (float)p[0];
    case SHORT:
        f = (float)(int16_t)u16;
        return a->normalized ? fmaxf(f / 32767, -1) : f;
    case USHORT:
        return a->normalized ? (float)u16 / 65535 : (float)u16;
    case UINT:
        return (float)le32(p);
    case FLOAT:
        bits = le32(p);
        memcpy(&f, &bits, sizeof f);
        return f;
    }
    return 0;
}

static uint32_t index_at(const struct accessor *a, size_t i) {
    const uint8_t *p = a->p + i * a->stride;

    return a->component == UBYTE    ? p[0]
           : a->component == USHORT ? p[0] | (uint32_t)p[1] << 8
                                    : le32(p);
}

/* ---- 5.24: primitives ---- */

struct matrix {
    double m[16]; /* column-major */
};

enum mode { TRIANGLES = 4, TRIANGLE_STRIP, TRIANGLE_FAN };

static void place_vertices(struct model *m, const struct model_part *part,
                           const struct accessor *from, const struct matrix *at) {
    for (size_t i = 0; i < part->vertices; i++) {
        float *to = m->positions + 3 * (part->first_vertex + i);
        double x = lane(from, i, 0), y = lane(from, i, 1), z = lane(from, i, 2);
        for (int r = 0; r < 3; r++) {
            to[r] = (float)(at->m[r] * x + at->m[4 + r] * y + at->m[8 + r] * z + at->m[12 + r]);
        }
    }
}

/* By the cofactors, which also fit a matrix that is no rotation. */
static void turn_normals(struct model *m, const struct model_part *part,
                         const struct accessor *from, const struct matrix *at) {
    const double *a = at->m;
    const double c[9] = {
        a[5] * a[10] - a[6] * a[9], a[6] * a[8] - a[4] * a[10], a[4] * a[9] - a[5] * a[8],
        a[2] * a[9] - a[1] * a[10], a[0] * a[10] - a[2] * a[8], a[1] * a[8] - a[0] * a[9],
        a[1] * a[6] - a[2] * a[5],  a[2] * a[4] - a[0] * a[6],  a[0] * a[5] - a[1] * a[4]};
    double sign = a[0] * c[0] + a[1] * c[1] + a[2] * c[2] < 0 ? -1 : 1;

    for (size_t i = 0; i < part->vertices; i++) {
        float *to = m->normals + 3 * (part->first_vertex + i);
        double n[3], length = 0;
        for (int r = 0; r < 3; r++) {
            n[r] = sign * (c[r] * lane(from, i, 0) + c[3 + r] * lane(from, i, 1) +
                           c[6 + r] * lane(from, i, 2));
            length += n[r] * n[r];
        }
        length = sqrt(length);
        bool fine = isfinite(length) && length > 0;
        for (int r = 0; r < 3; r++) {
            to[r] = fine ? (float)(n[r] / length) : r == 1 ? 1 : 0;
        }
    }
}

static void place_uvs(struct model *m, const struct model_part *part, const struct accessor *from) {
    for (size_t i = 0; i < part->vertices; i++) {
        for (unsigned l = 0; l < 2; l++) {
            float v = lane(from, i, l);
            m->uvs[2 * (part->first_vertex + i) + l] = isfinite(v) ? v : 0;
        }
    }
}

static bool mirrors(const struct matrix *at) {
    const double *a = at->m;
    return a[0] * (a[5] * a[10] - a[6] * a[9]) - a[4] * (a[1] * a[10] - a[2] * a[9]) +
               a[8] * (a[1] * a[6] - a[2] * a[5]) <
           0;
}

/* Corner `k` of triangle `i` in the order of the vertices. */
static size_t corner(enum mode mode, size_t i, unsigned k) {
    if (mode == TRIANGLE_FAN) {
        return k == 0 ? 0 : i + k;
    }
    if (mode == TRIANGLE_STRIP) {
        return i + (i % 2 == 1 && k > 0 ? 3 - k : k);
    }
    return 3 * i + k;
}

static int put_indices(struct glb *g, const struct model_part *part, const struct accessor *from,
                       enum mode mode, bool mirrored) {
    uint32_t *to = g->model->indices + part->first_index;

    for (size_t i = 0; i < part->indices / 3; i++) {
        for (unsigned k = 0; k < 3; k++) {
            size_t at = corner(mode, i, mirrored && k > 0 ? 3 - k : k);
            uint32_t vertex = from != NULL ? index_at(from, at) : (uint32_t)at;
            if (vertex >= part->vertices) {
                return glb_refuse(
                    g, "The model is damaged: a triangle names a point that is not there.");
            }
            *to++ = vertex;
        }
    }
    return 0;
}

static bool is_floating(const struct accessor *a, unsigned lanes) {
    return a->lanes == lanes && a->component != UINT;
}

/* An attribute that may be missing, for as many points. 1 found, 0 none, -EBADMSG. */
static int find_attribute(struct glb *g, const struct json *attributes, const char *name,
                          unsigned lanes, size_t count, struct accessor *ret) {
    size_t index = 0;
    int r = glb_index(attributes, name, json_count(glb_list(g, "accessors")), &index);

    if (r == -ENOENT) {
        return 0;
    }
    if (r == 0) {
        r = read_accessor(g, index, ret);
    }
    if (r < 0 || !is_floating(ret, lanes) || (count != 0 && ret->count != count)) {
        return glb_refuse(g, "The model is damaged: its %s do not fit its points.", name);
    }
    return 1;
}

static int read_triangles(struct glb *g, const struct json *primitive,
                          const struct accessor *points, enum mode mode, const struct matrix *at) {
    const struct json *attributes = json_get(primitive, "attributes");
    struct accessor normals, uvs, indices;
    size_t index = 0, material = 0;
    const char *words = NULL;
    int indexed = glb_index(primitive, "indices", json_count(glb_list(g, "accessors")), &index);

    if (indexed == 0) {
        int r = read_accessor(g, index, &indices);
        if (r < 0 || indices.lanes != 1 || indices.component == FLOAT ||
            indices.component == BYTE || indices.component == SHORT) {
            return glb_refuse(g, "The model is damaged: its triangles cannot be read.");
        }
    } else if (indexed != -ENOENT) {
        return glb_refuse(g, "The model is damaged: its triangles cannot be read.");
    }
    size_t corners = indexed == 0 ? indices.count : points->count;
    size_t triangles = mode == TRIANGLES ? corners / 3 : corners > 2 ? corners - 2 : 0;
    if (points->count > MODEL_VERTICES_MAX || triangles > MODEL_INDICES_MAX / 3) {
        model_add(g->model, UINT32_MAX, 0, &words);
        return glb_refuse(g, "%s", words);
    }
    int has_material = glb_index(primitive, "material", g->model->material_count, &material);
    char set[16] = "TEXCOORD_0";
    if (has_material == 0) {
        snprintf(set, sizeof set, "TEXCOORD_%u", g->model->materials[material].uv);
    } else if (has_material != -ENOENT) {
        return glb_refuse(g, "The model is damaged: a part names a material that is not there.");
    }
    int has_normals = find_attribute(g, attributes, "NORMAL", 3, points->count, &normals);
    int has_uvs = find_attribute(g, attributes, set, 2, points->count, &uvs);
    if (has_normals < 0 || has_uvs < 0) {
        return -EBADMSG;
    }
    struct model_part *part =
        model_add(g->model, (uint32_t)points->count, (uint32_t)(3 * triangles), &words);
    if (part == NULL) {
        return words != NULL ? glb_refuse(g, "%s", words) : -ENOMEM;
    }
    part->material = has_material == 0 ? (int)material : -1;
    part->normals = has_normals > 0;
    part->uvs = has_uvs > 0;
    place_vertices(g->model, part, points, at);
    if (part->normals) {
        turn_normals(g->model, part, &normals, at);
    }
    if (part->uvs) {
        place_uvs(g->model, part, &uvs);
    }
    if (model_measure(g->model, part) < 0) {
        return glb_refuse(g, "The model is damaged: one of its points is nowhere.");
    }
    return put_indices(g, part, indexed == 0 ? &indices : NULL, mode, mirrors(at));
}

static int read_primitive(struct glb *g, const struct json *primitive, const struct matrix *at) {
    struct accessor points;
    int64_t mode = TRIANGLES;

    if (json_get_int(primitive, "mode", &mode) == -EINVAL || mode < 0 || mode > TRIANGLE_FAN) {
        return glb_refuse(g, "The model is damaged: a part is of no kind.");
    }
    int r = find_attribute(g, json_get(primitive, "attributes"), "POSITION", 3, 0, &points);
    if (r <= 0 || mode < TRIANGLES) { /* points and lines are passed over */
        return r < 0 ? r : 0;
    }
    return read_triangles(g, primitive, &points, (enum mode)mode, at);
}

/* ---- 5.25: nodes ---- */

static struct matrix multiplied(const struct matrix *a, const struct matrix *b) {
    struct matrix out = {{0}};

    for (int c = 0; c < 4; c++) {
        for (int r = 0; r < 4; r++) {
            for (int k = 0; k < 4; k++) {
                out.m[4 * c + r] += a->m[4 * k + r] * b->m[4 * c + k];
            }
        }
    }
    return out;
}

/* `count` numbers, or as they were when there is no such member. */
static bool get_numbers(const struct json *object, const char *key, double *ret, size_t count) {
    const struct json *list = json_get(object, key);

    if (!json_has(object, key)) {
        return true;
    }
    if (json_kind_of(list) != JSON_KIND_LIST || json_count(list) != count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (json_number(json_at(list, i), &ret[i]) < 0) {
            return false;
        }
    }
    return true;
}

static bool matrix_of(const struct json *node, struct matrix *ret) {
    double t[3] = {0}, q[4] = {0, 0, 0, 1}, s[3] = {1, 1, 1};
    struct matrix m = {{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}};

    if (json_has(node, "matrix")) {
        *ret = m;
        return get_numbers(node, "matrix", ret->m, 16);
    }
    if (!get_numbers(node, "translation", t, 3) || !get_numbers(node, "rotation", q, 4) ||
        !get_numbers(node, "scale", s, 3)) {
        return false;
    }
    double x = q[0], y = q[1], z = q[2], w = q[3];
    const double turned[9] = {
        1 - 2 * (y * y + z * z), 2 * (x * y + z * w),     2 * (x * z - y * w),
        2 * (x * y - z * w),     1 - 2 * (x * x + z * z), 2 * (y * z + x * w),
        2 * (x * z + y * w),     2 * (y * z - x * w),     1 - 2 * (x * x + y * y)};
    for (int c = 0; c < 3; c++) {
        for (int r = 0; r < 3; r++) {
            m.m[4 * c + r] = turned[3 * c + r] * s[c];
        }
        m.m[12 + c] = t[c];
    }
    *ret = m;
    return true;
}

static int read_mesh(struct glb *g, const struct json *node, const struct matrix *at) {
    size_t mesh = 0;
    int r = glb_index(node, "mesh", json_count(glb_list(g, "meshes")), &mesh);

    if (r == -ENOENT) {
        return 0;
    }
    const struct json *primitives = json_get(json_at(glb_list(g, "meshes"), mesh), "primitives");
    if (r < 0 || json_kind_of(primitives) != JSON_KIND_LIST) {
        return glb_refuse(g, "The model is damaged: a node names a mesh that is not there.");
    }
    if (json_has(node, "skin")) {
        return glb_refuse(g, "The model has a skeleton (skin): export it without.");
    }
    r = 0;
    for (size_t i = 0; r == 0 && i < json_count(primitives); i++) {
        r = read_primitive(g, json_at(primitives, i), at);
    }
    return r;
}

static int read_nodes(struct glb *g, const struct json *list, const struct matrix *above,
                      int depth) {
    const struct json *nodes = glb_list(g, "nodes");
    int r = 0;

    for (size_t i = 0; r == 0 && i < json_count(list); i++) {
        double number = -1;
        struct matrix own, at;
        json_number(json_at(list, i), &number);
        if (!(number >= 0 && number < (double)json_count(nodes)) || depth > NODE_DEPTH_MAX ||
            ++g->visits > NODE_VISITS_MAX) {
            return glb_refuse(g, "The model is damaged, or has more than %d nodes.",
                              NODE_VISITS_MAX);
        }
        const struct json *node = json_at(nodes, (size_t)number);
        if (!matrix_of(node, &own)) {
            return glb_refuse(g, "The model is damaged: a node has no place.");
        }
        at = multiplied(above, &own);
        r = read_mesh(g, node, &at);
        if (r == 0) {
            r = read_nodes(g, json_get(node, "children"), &at, depth + 1);
        }
    }
    return r;
}

/* ---- 4.4 and 5.17: the file ---- */

static bool fine_without(const char *extension) {
    return strncmp(extension, "KHR_materials_", 14) == 0 ||
           strcmp(extension, "KHR_texture_transform") == 0 ||
           strcmp(extension, "KHR_lights_punctual") == 0 ||
           strcmp(extension, "KHR_mesh_quantization") == 0 ||
           strcmp(extension, "EXT_texture_webp") == 0;
}

static int check_head(struct glb *g) {
    const struct json *required = glb_list(g, "extensionsRequired");
    const struct json *buffers = glb_list(g, "buffers");
    const char *version = "";

    json_get_text(json_get(g->root, "asset"), "version", &version);
    if (strncmp(version, "2.", 2) != 0) {
        return glb_refuse(g, "The model is not of glTF 2.0.");
    }
    for (size_t i = 0; i < json_count(required); i++) {
        const char *name = json_text(json_at(required, i));
        if (name == NULL || !fine_without(name)) {
            return glb_refuse(
                g, "The model needs %.60s, which is not read here: export it without%s.",
                name != NULL ? name : "something",
                name != NULL && strstr(name, "compress") != NULL ? " compression" : "");
        }
    }
    for (size_t i = 0; i < json_count(buffers); i++) {
        size_t length = 0;
        if (json_has(json_at(buffers, i), "uri") || i > 0) {
            return glb_refuse(
                g, "The model refers to other files: export it as one binary file (.glb).");
        }
        if (!get_size(json_at(buffers, i), "byteLength", &length) || length > g->bin.n) {
            return glb_refuse(g, "The model is cut off.");
        }
    }
    return 0;
}

static int read_scene(struct glb *g) {
    static const struct matrix unity = {{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}};
    const struct json *scenes = glb_list(g, "scenes");
    size_t scene = 0;
    int r = glb_index(g->root, "scene", json_count(scenes), &scene);

    if ((r < 0 && r != -ENOENT) || json_count(scenes) == 0) {
        return glb_refuse(g, "The model has no scene to show.");
    }
    r = read_nodes(g, json_get(json_at(scenes, scene), "nodes"), &unity, 0);
    return r == 0 && g->model->index_count == 0 ? glb_refuse(g, "The model has no surface to show.")
                                                : r;
}

/* The two chunks. */
static int split(struct glb *g, struct bytes file, struct bytes *ret_json) {
    if (file.n < 20 || memcmp(file.p, "glTF", 4) != 0) {
        return glb_refuse(g, "This is no binary glTF file (.glb).");
    }
    if (le32(file.p + 4) != 2) {
        return glb_refuse(g, "The model is not of glTF 2.0.");
    }
    if (le32(file.p + 8) != file.n) {
        return glb_refuse(g, "The model is cut off, or has something behind its end.");
    }
    size_t at = 12;
    for (unsigned chunk = 0; at < file.n; chunk++) {
        if (file.n - at < 8 || le32(file.p + at) > file.n - at - 8 || le32(file.p + at) % 4 != 0) {
            return glb_refuse(g, "The model is damaged: its chunk %u is cut off.", chunk);
        }
        struct bytes b = bytes_of(file.p + at + 8, le32(file.p + at));
        uint32_t type = le32(file.p + at + 4);
        if ((chunk == 0) != (type == 0x4e4f534a)) {
            return glb_refuse(g,
                              "The model is damaged: its description is not where it should be.");
        }
        if (chunk == 0) {
            *ret_json = b;
        } else if (chunk == 1 && type == 0x004e4942) {
            g->bin = b;
        }
        at += 8 + b.n;
    }
    return 0;
}

static int read_all(struct glb *g, struct bytes file) {
    struct bytes text = {0};
    struct json *root = NULL;
    int r = split(g, file, &text);

    if (r < 0) {
        return r;
    }
    r = json_parse(text, GLB_JSON_MAX, &root);
    if (r < 0) {
        return r == -ENOMEM ? r
                            : glb_refuse(g,
                                         "The model's description is damaged or too large (at most "
                                         "%d values, %d levels).",
                                         JSON_VALUES_MAX, JSON_DEPTH_MAX);
    }
    g->root = root;
    r = check_head(g);
    if (r == 0) {
        r = glb_read_materials(g);
    }
    if (r == 0) {
        r = read_scene(g);
    }
    json_free(root);
    return r;
}

int glb_read(struct bytes file, struct model **ret, char ret_words[static MODEL_WORDS_MAX]) {
    struct glb g = {.words = ret_words, .model = model_new()};

    ret_words[0] = '\0';
    int r = g.model != NULL ? read_all(&g, file) : -ENOMEM;
    if (r < 0) {
        model_free(g.model);
        return r;
    }
    *ret = g.model;
    return 0;
}
