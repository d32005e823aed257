#include "model/usda.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX 600

__attribute__((format(printf, 2, 3))) static void put(struct usda *to, const char *format, ...) {
    va_list args;

    if (to->room - to->n < LINE_MAX && !to->failed) {
        size_t room = to->room * 2 + 64 * 1024;
        char *more = realloc(to->p, room);
        if (more == NULL) {
            to->failed = true;
        } else {
            to->p = more;
            to->room = room;
        }
    }
    if (to->failed) {
        return;
    }
    va_start(args, format);
    int n = vsnprintf(to->p + to->n, LINE_MAX, format, args);
    va_end(args);
    to->n += n > 0 && n < LINE_MAX ? (size_t)n : 0;
}

bool usda_takes(const struct model_picture *picture) {
    return picture->kind == PICTURE_PNG || picture->kind == PICTURE_JPEG;
}

static void put_picture(struct usda *to, const struct model *m, unsigned index) {
    const struct model_material *material = &m->materials[index];
    const struct model_picture *picture = &m->pictures[material->picture];

    put(to, "            def Shader \"Place\"\n            {\n"
            "                uniform token info:id = \"UsdPrimvarReader_float2\"\n"
            "                string inputs:varname = \"st\"\n"
            "                float2 outputs:result\n            }\n");
    put(to,
        "            def Shader \"Picture\"\n            {\n"
        "                uniform token info:id = \"UsdUVTexture\"\n"
        "                asset inputs:file = @textures/%d.%s@\n"
        "                float2 inputs:st.connect = "
        "</Product/Materials/M%u/Place.outputs:result>\n",
        material->picture, picture_ending(picture->kind), index);
    put(to,
        "                float4 inputs:scale = (%.6g, %.6g, %.6g, %.6g)\n"
        "                token inputs:sourceColorSpace = \"sRGB\"\n"
        "                token inputs:wrapS = \"repeat\"\n"
        "                token inputs:wrapT = \"repeat\"\n"
        "                float outputs:a\n"
        "                float3 outputs:rgb\n            }\n",
        (double)material->colour[0], (double)material->colour[1], (double)material->colour[2],
        (double)material->colour[3]);
}

static void put_material(struct usda *to, const struct model *m, unsigned index) {
    const struct model_material *a = &m->materials[index];
    bool picture = a->picture >= 0 && usda_takes(&m->pictures[a->picture]);
    bool clear = a->transparent || a->cutoff > 0;

    put(to,
        "        def Material \"M%u\"\n        {\n"
        "            token outputs:surface.connect = "
        "</Product/Materials/M%u/Surface.outputs:surface>\n"
        "            def Shader \"Surface\"\n            {\n"
        "                uniform token info:id = \"UsdPreviewSurface\"\n",
        index, index);
    if (picture) {
        put(to,
            "                color3f inputs:diffuseColor.connect = "
            "</Product/Materials/M%u/Picture.outputs:rgb>\n",
            index);
    } else {
        put(to, "                color3f inputs:diffuseColor = (%.6g, %.6g, %.6g)\n",
            (double)a->colour[0], (double)a->colour[1], (double)a->colour[2]);
    }
    if (clear && picture) {
        put(to,
            "                float inputs:opacity.connect = "
            "</Product/Materials/M%u/Picture.outputs:a>\n",
            index);
    } else if (clear) {
        put(to, "                float inputs:opacity = %.6g\n", (double)a->colour[3]);
    }
    put(to,
        "                float inputs:opacityThreshold = %.6g\n"
        "                color3f inputs:emissiveColor = (%.6g, %.6g, %.6g)\n"
        "                float inputs:metallic = %.6g\n"
        "                float inputs:roughness = %.6g\n"
        "                token outputs:surface\n            }\n",
        (double)a->cutoff, (double)a->emissive[0], (double)a->emissive[1], (double)a->emissive[2],
        (double)a->metallic, (double)a->roughness);
    if (picture) {
        put_picture(to, m, index);
    }
    put(to, "        }\n");
}

struct stand { /* p → (p - from) × scale */
    double from[3], scale;
};

static double placed(const struct stand *s, const float *p, int axis) {
    return (p[axis] - s->from[axis]) * s->scale;
}

static void put_points(struct usda *to, const struct model *m, const struct model_part *part,
                       const struct stand *s) {
    const float *p = m->positions + 3 * (size_t)part->first_vertex;
    double low[3] = {0}, high[3] = {0};

    for (uint32_t i = 0; i < part->vertices; i++) {
        for (int axis = 0; axis < 3; axis++) {
            double v = placed(s, p + 3 * (size_t)i, axis);
            low[axis] = i == 0 || v < low[axis] ? v : low[axis];
            high[axis] = i == 0 || v > high[axis] ? v : high[axis];
        }
    }
    put(to, "        float3[] extent = [(%.6g, %.6g, %.6g), (%.6g, %.6g, %.6g)]\n", low[0], low[1],
        low[2], high[0], high[1], high[2]);
    put(to, "        point3f[] points = [");
    for (uint32_t i = 0; i < part->vertices; i++, p += 3) {
        put(to, "%s(%.6g, %.6g, %.6g)", i == 0 ? "" : ", ", placed(s, p, 0), placed(s, p, 1),
            placed(s, p, 2));
    }
    put(to, "]\n");
}

static void put_faces(struct usda *to, const struct model *m, const struct model_part *part) {
    put(to, "        int[] faceVertexCounts = [");
    for (uint32_t i = 0; i < part->indices / 3; i++) {
        put(to, i == 0 ? "3" : ", 3");
    }
    put(to, "]\n        int[] faceVertexIndices = [");
    for (uint32_t i = 0; i < part->indices; i++) {
        put(to, i == 0 ? "%u" : ", %u", m->indices[part->first_index + i]);
    }
    put(to, "]\n");
}

static void put_part(struct usda *to, const struct model *m, unsigned index,
                     const struct stand *s) {
    const struct model_part *part = &m->parts[index];
    const struct model_material *a = part->material >= 0 ? &m->materials[part->material] : NULL;
    const float *n = m->normals + 3 * (size_t)part->first_vertex;
    const float *uv = m->uvs + 2 * (size_t)part->first_vertex;

    if (part->indices == 0) {
        return;
    }
    put(to,
        "    def Mesh \"Part%u\" (\n        prepend apiSchemas = [\"MaterialBindingAPI\"]\n    )\n "
        "   {\n"
        "        uniform token subdivisionScheme = \"none\"\n"
        "        uniform bool doubleSided = %d\n",
        index, a != NULL && a->double_sided);
    put_points(to, m, part, s);
    put_faces(to, m, part);
    if (part->normals) {
        put(to, "        normal3f[] normals = [");
        for (uint32_t i = 0; i < part->vertices; i++, n += 3) {
            put(to, "%s(%.4g, %.4g, %.4g)", i == 0 ? "" : ", ", (double)n[0], (double)n[1],
                (double)n[2]);
        }
        put(to, "] (\n            interpolation = \"vertex\"\n        )\n");
    }
    if (part->uvs) { /* glTF counts rows from the top, USD from the bottom */
        put(to, "        texCoord2f[] primvars:st = [");
        for (uint32_t i = 0; i < part->vertices; i++, uv += 2) {
            put(to, "%s(%.6g, %.6g)", i == 0 ? "" : ", ", (double)uv[0], 1 - (double)uv[1]);
        }
        put(to, "] (\n            interpolation = \"vertex\"\n        )\n");
    }
    if (part->material >= 0) {
        put(to, "        rel material:binding = </Product/Materials/M%d>\n", part->material);
    }
    put(to, "    }\n");
}

void usda_write(const struct model *m, double scale, struct usda *to) {
    const struct stand s = {
        .from = {(m->min[0] + m->max[0]) / 2.0, m->min[1], (m->min[2] + m->max[2]) / 2.0},
        .scale = scale};

    put(to, "#usda 1.0\n(\n    defaultPrim = \"Product\"\n    metersPerUnit = 1\n    upAxis = "
            "\"Y\"\n)\n\n"
            "def Xform \"Product\" (\n    kind = \"component\"\n)\n{\n");
    put(to, "    def Scope \"Materials\"\n    {\n");
    for (unsigned i = 0; i < m->material_count; i++) {
        put_material(to, m, i);
    }
    put(to, "    }\n");
    for (unsigned i = 0; i < m->part_count; i++) {
        put_part(to, m, i, &s);
    }
    put(to, "}\n");
}
