/* Binary glTF files for tests: a text with the description, and bytes behind it. */
#pragma once
#include "base/spans.h"

#include <stdlib.h>
#include <string.h>

static inline void put_le32(uint8_t *p, uint32_t v) {
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

/* free() its bytes. */
static inline struct bytes glb_of(const char *json, const void *bin, size_t n) {
    size_t text = (strlen(json) + 3) / 4 * 4, data = (n + 3) / 4 * 4;
    size_t total = 12 + 8 + text + (data > 0 ? 8 + data : 0);
    uint8_t *p = calloc(1, total);
    memcpy(p, "glTF", 4);
    put_le32(p + 4, 2);
    put_le32(p + 8, (uint32_t)total);
    put_le32(p + 12, (uint32_t)text);
    memcpy(p + 16, "JSON", 4);
    memset(p + 20, ' ', text);
    memcpy(p + 20, json, strlen(json));
    if (data > 0) {
        put_le32(p + 20 + text, (uint32_t)data);
        memcpy(p + 24 + text, "BIN\0", 4);
        memcpy(p + 28 + text, bin, n);
    }
    return bytes_of(p, total);
}

/* One triangle 2 m wide and 3 m high (36 bytes), its corners as bytes (4), its description. */
struct made_triangle {
    float points[9];
    uint8_t corners[4];
};
#define TRIANGLE                                                                                   \
    {                                                                                              \
        {0, 0, 0, 2, 0, 0, 0, 3, 0}, {                                                             \
            0, 1, 2, 0                                                                             \
        }                                                                                          \
    }
#define HEAD "{\"asset\":{\"version\":\"2.0\"},\"buffers\":[{\"byteLength\":40}],"
#define VIEWS                                                                                      \
    "\"bufferViews\":[{\"buffer\":0,\"byteLength\":36},"                                           \
    "{\"buffer\":0,\"byteOffset\":36,\"byteLength\":3}],"
#define ACCESSORS                                                                                  \
    "\"accessors\":[{\"bufferView\":0,\"componentType\":5126,\"count\":3,\"type\":\"VEC3\"},"      \
    "{\"bufferView\":1,\"componentType\":5121,\"count\":3,\"type\":\"SCALAR\"}],"
#define MESH "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":0},\"indices\":1}]}],"
#define SCENE "\"nodes\":[{\"mesh\":0}],\"scenes\":[{\"nodes\":[0]}]}"
