/* base/matte.h: how the picture of a virtual person is laid out, and how tall the person in it is.
 * A value: the pipelines and publishers tell it, visits keep it (wire/matte_json.h is its JSON).
 * Pure.
 *
 * Colour and matte are parts of one opaque picture; the guard band between them holds a black and a
 * white patch by which a player finds out what range and gamma the picture went through. */
#pragma once
#include <stdbool.h>

#define MATTE_SIDE_MAX 32768
#define MATTE_HEIGHT_MIN 300 /* mm */
#define MATTE_HEIGHT_MAX 3000
#define MATTE_FEET_MAX 16 /* heights of the colour part */

/* In shares of the coded picture. */
struct matte_rectangle {
    double x, y, w, h;
};

struct matte_layout {
    unsigned width, height; /* of the whole picture, pixels */
    struct matte_rectangle colour, matte, guard, black, white;
};

/* Who stands in it. `head` (crown) and `feet` (soles) are heights in the colour part, 0 its upper
 * edge and 1 its lower one; feet that the picture does not show lie beyond 1, where they would be.
 * A millimetre is so (feet - head) / height_mm of the colour part, whether the feet show or not. */
struct matte_person {
    unsigned height_mm;
    double head, feet;
    bool full; /* the feet are in the picture */
};

struct matte {
    bool laid_out, measured; /* which of the two is told; nobody is measured without a layout */
    struct matte_layout layout;
    struct matte_person person;
};

/* Sides and rectangles within bounds; colour, matte and guard band apart; both patches in the guard
 * band. NULL, or the name of what is wrong. */
const char *matte_layout_wrong(const struct matte_layout *layout);
const char *matte_person_wrong(const struct matte_person *person);

/* The same, but for rounding. */
bool matte_equal(const struct matte *a, const struct matte *b);
