#include "signal/playback_layers.h"

#include "signal/http.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SLOT_MAX (MEDIA_LINES_MAX - 1)
#define SIDE_MAX 16384

/* "720p" by the short side, whichever way the picture stands; "" while that is not known. */
static void name_rung(unsigned width, unsigned height, char ret[static 8]) {
    const unsigned side = width < height ? width : height;
    ret[0] = '\0';
    if (side > 0) {
        snprintf(ret, 8, "%up", side);
    }
}

static struct json *rung_json(const struct media_layers *l, size_t index) {
    struct json *o = json_new_object();
    char name[8];
    name_rung(l->rungs[index].width, l->rungs[index].height, name);
    json_put_text(o, "name", name);
    json_put_int(o, "width", l->rungs[index].width);
    json_put_int(o, "height", l->rungs[index].height);
    json_put_int(o, "kbit_s", l->rungs[index].kbit_s);
    json_put_bool(o, "usable", l->rungs[index].usable);
    return o;
}

static void put_name(struct json *o, const char *key, const struct media_layers *l, int index) {
    char name[8] = "";
    if (index >= 0 && index < l->count) {
        name_rung(l->rungs[index].width, l->rungs[index].height, name);
    }
    json_put_text(o, key, name);
}

struct json *playback_layers_json(const struct media_layers *l) {
    struct json *o = json_new_object(), *rungs = json_new_list();
    char wanted[8] = "auto";
    for (size_t i = 0; i < l->count; i++) {
        json_add(rungs, rung_json(l, i));
    }
    if (l->wish.rung != 0) {
        snprintf(wanted, sizeof wanted, "%up", l->wish.rung);
    }
    json_put_int(o, "slot", l->wish.slot);
    json_put(o, "rungs", rungs);
    put_name(o, "current", l, l->current);
    put_name(o, "next", l, l->next);
    json_put_text(o, "wanted", wanted);
    json_put_int(o, "max_width", l->wish.width);
    json_put_int(o, "max_height", l->wish.height);
    return o;
}

/* "auto" or the name of a rung: a number with a p. */
static bool read_rung(const char *text, uint16_t *ret) {
    unsigned value = 0;
    size_t n = 0;
    if (strcmp(text, "auto") == 0) {
        *ret = 0;
        return true;
    }
    for (; text[n] >= '0' && text[n] <= '9' && n < 5; n++) {
        value = value * 10 + (unsigned)(text[n] - '0');
    }
    if (n == 0 || strcmp(text + n, "p") != 0 || value == 0 || value > SIDE_MAX) {
        return false;
    }
    *ret = (uint16_t)value;
    return true;
}

bool playback_read_wish(struct exchange *x, const struct json *body, struct media_wish *ret) {
    int64_t slot = 0, width = 0, height = 0;
    const char *rung = NULL;
    *ret = (struct media_wish){0};
    if (json_get_int(body, "slot", &slot) == -EINVAL || slot < 0 || slot > SLOT_MAX) {
        reply_bad_field(x, "slot", "“slot” must be the number of a picture, from 0.");
        return false;
    }
    ret->slot = (uint8_t)slot;
    int r = json_get_text(body, "rung", &rung);
    ret->has_rung = r == 0;
    if (r == -EINVAL || (r == 0 && !read_rung(rung, &ret->rung))) {
        reply_bad_field(x, "rung", "“rung” must be “auto” or the name of a rung, like “720p”.");
        return false;
    }
    const int w = json_get_int(body, "max_width", &width);
    const int h = json_get_int(body, "max_height", &height);
    if (w == -EINVAL || (w == 0 && (width < 1 || width > SIDE_MAX)) || (w != 0 && h == 0)) {
        reply_bad_field(x, "max_width", "“max_width” must be pixels, with “max_height”.");
        return false;
    }
    if (h == -EINVAL || (h == 0 && (height < 1 || height > SIDE_MAX)) || (h != 0 && w == 0)) {
        reply_bad_field(x, "max_height", "“max_height” must be pixels, with “max_width”.");
        return false;
    }
    ret->has_size = w == 0;
    ret->width = (uint16_t)width;
    ret->height = (uint16_t)height;
    if (!ret->has_rung && !ret->has_size) {
        reply_bad_field(x, "rung", "“layer” needs “rung”, or “max_width” and “max_height”.");
        return false;
    }
    return true;
}
