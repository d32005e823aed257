#include "wire/matte_json.h"

#include "wire/json.h"

#include <errno.h>
#include <stdio.h>

static int wrong(char *ret, const char *field, const char *part) {
    snprintf(ret, MATTE_WRONG_MAX, "%s%s%s", field, part[0] != '\0' ? "." : "", part);
    return -EINVAL;
}

static int read_members(const struct json *value, const char *field, const char *const *known,
                        char *ret_wrong) {
    if (json_kind_of(value) != JSON_KIND_OBJECT) {
        return wrong(ret_wrong, field, "");
    }
    const char *unknown = json_unknown_member(value, known);
    return unknown != NULL ? wrong(ret_wrong, unknown, "") : 0;
}

static int read_side(const struct json *value, const char *field, unsigned most, unsigned *ret,
                     char *ret_wrong) {
    int64_t side = 0;
    if (json_get_int(value, field, &side) < 0 || side < 1 || side > most) {
        return wrong(ret_wrong, field, "");
    }
    *ret = (unsigned)side;
    return 0;
}

static int read_rectangle(const struct json *object, const char *key, const char *field,
                          struct matte_rectangle *ret, char *ret_wrong) {
    static const char *const known[] = {"x", "y", "w", "h", NULL};
    double *const into[] = {&ret->x, &ret->y, &ret->w, &ret->h};
    const struct json *value = json_get(object, key);
    int r = read_members(value, field, known, ret_wrong);
    for (size_t i = 0; r == 0 && known[i] != NULL; i++) {
        r = json_get_number(value, known[i], into[i]) < 0 ? wrong(ret_wrong, field, known[i]) : 0;
    }
    return r;
}

int matte_layout_read(const struct json *value, struct matte_layout *ret,
                      char ret_wrong[static MATTE_WRONG_MAX]) {
    static const char *const known[] = {"width", "height",  "colour", "matte",
                                        "guard", "patches", NULL};
    static const char *const patches[] = {"black", "white", NULL};
    struct matte_layout m = {0};
    const struct json *both = json_get(value, "patches");
    int r = read_members(value, "", known, ret_wrong);
    r = r < 0 ? r : read_side(value, "width", MATTE_SIDE_MAX, &m.width, ret_wrong);
    r = r < 0 ? r : read_side(value, "height", MATTE_SIDE_MAX, &m.height, ret_wrong);
    r = r < 0 ? r : read_rectangle(value, "colour", "colour", &m.colour, ret_wrong);
    r = r < 0 ? r : read_rectangle(value, "matte", "matte", &m.matte, ret_wrong);
    r = r < 0 ? r : read_rectangle(value, "guard", "guard", &m.guard, ret_wrong);
    r = r < 0 ? r : read_members(both, "patches", patches, ret_wrong);
    r = r < 0 ? r : read_rectangle(both, "black", "patches.black", &m.black, ret_wrong);
    r = r < 0 ? r : read_rectangle(both, "white", "patches.white", &m.white, ret_wrong);
    if (r == 0 && matte_layout_wrong(&m) != NULL) {
        r = wrong(ret_wrong, matte_layout_wrong(&m), "");
    }
    if (r == 0) {
        *ret = m;
    }
    return r;
}

int matte_person_read(const struct json *value, struct matte_person *ret,
                      char ret_wrong[static MATTE_WRONG_MAX]) {
    static const char *const known[] = {"height_mm", "head", "feet", "full", NULL};
    struct matte_person p = {0};
    int r = read_members(value, "", known, ret_wrong);
    r = r < 0 ? r : read_side(value, "height_mm", MATTE_HEIGHT_MAX, &p.height_mm, ret_wrong);
    if (r == 0 && json_get_number(value, "head", &p.head) < 0) {
        r = wrong(ret_wrong, "head", "");
    }
    if (r == 0 && json_get_number(value, "feet", &p.feet) < 0) {
        r = wrong(ret_wrong, "feet", "");
    }
    if (r == 0 && json_get_bool(value, "full", &p.full) < 0) {
        r = wrong(ret_wrong, "full", "");
    }
    if (r == 0 && matte_person_wrong(&p) != NULL) {
        r = wrong(ret_wrong, matte_person_wrong(&p), "");
    }
    if (r == 0) {
        *ret = p;
    }
    return r;
}

static struct json *rectangle_json(const struct matte_rectangle *r) {
    struct json *o = json_new_object();

    json_put_number(o, "x", r->x);
    json_put_number(o, "y", r->y);
    json_put_number(o, "w", r->w);
    json_put_number(o, "h", r->h);
    return o;
}

struct json *matte_layout_json(const struct matte_layout *m) {
    struct json *o = json_new_object();
    struct json *patches = json_new_object();

    json_put_int(o, "width", m->width);
    json_put_int(o, "height", m->height);
    json_put(o, "colour", rectangle_json(&m->colour));
    json_put(o, "matte", rectangle_json(&m->matte));
    json_put(o, "guard", rectangle_json(&m->guard));
    json_put(patches, "black", rectangle_json(&m->black));
    json_put(patches, "white", rectangle_json(&m->white));
    json_put(o, "patches", patches);
    return o;
}

struct json *matte_person_json(const struct matte_person *p) {
    struct json *o = json_new_object();

    json_put_int(o, "height_mm", p->height_mm);
    json_put_number(o, "head", p->head);
    json_put_number(o, "feet", p->feet);
    json_put_bool(o, "full", p->full);
    return o;
}

void matte_put(struct json *object, const struct matte *m) {
    json_put(object, "matte_layout", m->laid_out ? matte_layout_json(&m->layout) : NULL);
    json_put(object, "person", m->measured ? matte_person_json(&m->person) : NULL);
}
