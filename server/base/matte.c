#include "base/matte.h"

#include <math.h>
#include <stddef.h>

#define ROUNDING 1e-6 /* tellers write nine digits */
#define PERSON_LEAST 0.05

/* Also false for what is no number. */
static bool within(double v, double least, double most) {
    return v >= least && v <= most;
}

static bool is_rectangle(const struct matte_rectangle *r) {
    return within(r->x, 0, 1) && within(r->y, 0, 1) && within(r->w, 1e-4, 1) &&
           within(r->h, 1e-4, 1) && r->x + r->w <= 1 + ROUNDING && r->y + r->h <= 1 + ROUNDING;
}

static bool apart(const struct matte_rectangle *a, const struct matte_rectangle *b) {
    return a->x + a->w <= b->x + ROUNDING || b->x + b->w <= a->x + ROUNDING ||
           a->y + a->h <= b->y + ROUNDING || b->y + b->h <= a->y + ROUNDING;
}

static bool inside(const struct matte_rectangle *a, const struct matte_rectangle *b) {
    return a->x >= b->x - ROUNDING && a->y >= b->y - ROUNDING &&
           a->x + a->w <= b->x + b->w + ROUNDING && a->y + a->h <= b->y + b->h + ROUNDING;
}

const char *matte_layout_wrong(const struct matte_layout *m) {
    if (m->width < 1 || m->width > MATTE_SIDE_MAX) {
        return "width";
    }
    if (m->height < 1 || m->height > MATTE_SIDE_MAX) {
        return "height";
    }
    if (!is_rectangle(&m->colour)) {
        return "colour";
    }
    if (!is_rectangle(&m->matte) || !apart(&m->matte, &m->colour)) {
        return "matte";
    }
    if (!is_rectangle(&m->guard) || !apart(&m->guard, &m->colour) || !apart(&m->guard, &m->matte)) {
        return "guard";
    }
    if (!is_rectangle(&m->black) || !inside(&m->black, &m->guard)) {
        return "patches.black";
    }
    if (!is_rectangle(&m->white) || !inside(&m->white, &m->guard) || !apart(&m->white, &m->black)) {
        return "patches.white";
    }
    return NULL;
}

const char *matte_person_wrong(const struct matte_person *p) {
    if (p->height_mm < MATTE_HEIGHT_MIN || p->height_mm > MATTE_HEIGHT_MAX) {
        return "height_mm";
    }
    if (!within(p->head, 0, 1)) {
        return "head";
    }
    if (!within(p->feet, p->head + PERSON_LEAST, MATTE_FEET_MAX)) {
        return "feet";
    }
    return p->full && p->feet > 1 + ROUNDING ? "full" : NULL;
}

static bool close_to(double a, double b) {
    return fabs(a - b) < ROUNDING;
}

static bool same(const struct matte_rectangle *a, const struct matte_rectangle *b) {
    return close_to(a->x, b->x) && close_to(a->y, b->y) && close_to(a->w, b->w) &&
           close_to(a->h, b->h);
}

static bool layouts_equal(const struct matte_layout *a, const struct matte_layout *b) {
    return a->width == b->width && a->height == b->height && same(&a->colour, &b->colour) &&
           same(&a->matte, &b->matte) && same(&a->guard, &b->guard) && same(&a->black, &b->black) &&
           same(&a->white, &b->white);
}

static bool people_equal(const struct matte_person *a, const struct matte_person *b) {
    return a->height_mm == b->height_mm && close_to(a->head, b->head) &&
           close_to(a->feet, b->feet) && a->full == b->full;
}

bool matte_equal(const struct matte *a, const struct matte *b) {
    return a->laid_out == b->laid_out && a->measured == b->measured &&
           (!a->laid_out || layouts_equal(&a->layout, &b->layout)) &&
           (!a->measured || people_equal(&a->person, &b->person));
}
