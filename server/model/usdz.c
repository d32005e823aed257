/* ZIP: APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12 and 4.3.16. */
#include "model/usdz.h"
#include "model/usda.h"

#include <errno.h>
#include <stdlib.h>

#define ENTRIES_MAX (MODEL_PICTURES_MAX + 1)
#define LOCAL_SIZE 30
#define CENTRAL_SIZE 46
#define END_SIZE 22
#define ALIGNMENT 64
#define FILLER 0x1986  /* the extra field that only fills */
#define FIRST_DAY 0x21 /* 1 January 1980: the same model gives the same bytes */
#define VERSION 10

struct entry {
    char name[32];
    uint32_t crc, size, at;
};

struct archive {
    FILE *to;
    uint32_t at;
    struct entry entries[ENTRIES_MAX];
    unsigned count;
    bool failed;
};

static void le16(uint8_t *p, unsigned v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void le32(uint8_t *p, uint32_t v) {
    le16(p, v & 0xffff);
    le16(p + 2, v >> 16);
}

/* ISO 3309, as APPNOTE.TXT 4.4.7 wants it. */
static uint32_t crc32_of(struct bytes b) {
    uint32_t table[256], crc = 0xffffffff;

    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) {
            c = c & 1 ? 0xedb88320 ^ c >> 1 : c >> 1;
        }
        table[i] = c;
    }
    for (size_t i = 0; i < b.n; i++) {
        crc = table[(crc ^ b.p[i]) & 255] ^ crc >> 8;
    }
    return crc ^ 0xffffffff;
}

static void write_bytes(struct archive *a, const void *p, size_t n) {
    a->failed = a->failed || fwrite(p, 1, n, a->to) != n;
    a->at += (uint32_t)n;
}

/* What a local and a central header have in common, from "version needed" on. */
static void put_facts(uint8_t *p, const struct entry *e, unsigned extra) {
    le16(p, VERSION);
    le16(p + 8, FIRST_DAY);
    le32(p + 10, e->crc);
    le32(p + 14, e->size);
    le32(p + 18, e->size);
    le16(p + 22, (unsigned)strlen(e->name));
    le16(p + 24, extra);
}

static void add_entry(struct archive *a, const char *name, struct bytes data) {
    struct entry *e = &a->entries[a->count++];
    uint8_t local[LOCAL_SIZE] = {'P', 'K', 3, 4}, filler[ALIGNMENT + 4] = {0};

    *e = (struct entry){.crc = crc32_of(data), .size = (uint32_t)data.n, .at = a->at};
    snprintf(e->name, sizeof e->name, "%s", name);
    unsigned head = a->at + LOCAL_SIZE + (unsigned)strlen(name);
    unsigned extra = (ALIGNMENT - head % ALIGNMENT) % ALIGNMENT;
    extra += extra > 0 && extra < 4 ? ALIGNMENT : 0; /* an extra field has a head of 4 bytes */
    put_facts(local + 4, e, extra);
    if (extra > 0) {
        le16(filler, FILLER);
        le16(filler + 2, extra - 4);
    }
    write_bytes(a, local, sizeof local);
    write_bytes(a, e->name, strlen(e->name));
    write_bytes(a, filler, extra);
    write_bytes(a, data.p, data.n);
}

static void add_directory(struct archive *a) {
    uint8_t end[END_SIZE] = {'P', 'K', 5, 6};
    uint32_t start = a->at;

    for (unsigned i = 0; i < a->count; i++) {
        const struct entry *e = &a->entries[i];
        uint8_t central[CENTRAL_SIZE] = {'P', 'K', 1, 2, VERSION};
        put_facts(central + 6, e, 0);
        le32(central + 42, e->at);
        write_bytes(a, central, sizeof central);
        write_bytes(a, e->name, strlen(e->name));
    }
    le16(end + 8, a->count);
    le16(end + 10, a->count);
    le32(end + 12, a->at - start);
    le32(end + 16, start);
    write_bytes(a, end, sizeof end);
}

int usdz_write(const struct model *m, double scale, FILE *to) {
    struct archive *a = calloc(1, sizeof *a);
    struct usda layer = {0};
    int r = -ENOMEM;

    usda_write(m, scale, &layer);
    if (a != NULL && !layer.failed) {
        a->to = to;
        add_entry(a, "model.usda", bytes_of(layer.p, layer.n));
        for (unsigned i = 0; i < m->picture_count; i++) {
            char name[32];
            snprintf(name, sizeof name, "textures/%u.%s", i, picture_ending(m->pictures[i].kind));
            if (usda_takes(&m->pictures[i])) {
                add_entry(a, name, m->pictures[i].file);
            }
        }
        add_directory(a);
        r = a->failed || fflush(to) != 0 ? -EIO : 0;
    }
    free(layer.p);
    free(a);
    return r;
}
