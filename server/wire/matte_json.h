/* wire/matte_json.h: the JSON of a virtual person's picture: `matte_layout` as in
 * pipelines/presentation/manifest.schema.json, and `person`. */
#pragma once
#include "base/matte.h"

#define MATTE_WRONG_MAX 64 /* of the name of a field, with the NUL */

struct json;

/* Strict: every member, no other, within the bounds of base/matte.h. 0, or -EINVAL and the name of
 * the field that is wrong ("colour.w"; "" is the value itself). */
int matte_layout_read(const struct json *value, struct matte_layout *ret,
                      char ret_wrong[static MATTE_WRONG_MAX]);
int matte_person_read(const struct json *value, struct matte_person *ret,
                      char ret_wrong[static MATTE_WRONG_MAX]);

struct json *matte_layout_json(const struct matte_layout *layout);
struct json *matte_person_json(const struct matte_person *person);

/* Puts both as members `matte_layout` and `person`; null is what is not told. */
void matte_put(struct json *object, const struct matte *matte);
