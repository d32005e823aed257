/* model/glb_parts.h: what the files of the glTF reader share. */
#pragma once
#include "model/glb.h"
#include "wire/json.h"

struct glb {
    const struct json *root;
    struct bytes bin;
    struct model *model;
    char *words;
    unsigned visits; /* of nodes */
};

/* -EBADMSG with words, unless there are some already. */
int glb_refuse(struct glb *g, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The member `key` of `object` as an index below `count`. 0, -ENOENT (absent), -EBADMSG. */
int glb_index(const struct json *object, const char *key, size_t count, size_t *ret);
const struct json *glb_list(const struct glb *g, const char *name);

/* The bytes of bufferView `index`; *ret_stride 0: elements are packed. 0 or -EBADMSG with words. */
int glb_view(struct glb *g, size_t index, struct bytes *ret, size_t *ret_stride);

/* Materials and their pictures. */
int glb_read_materials(struct glb *g);
