#include "model/model.h"
#include "signal/api.h"
#include "signal/fields.h"
#include "signal/presentation.h"
#include "signal/product_files.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const char *const detail_keys[] = {"images", "claims", "call_to_action", NULL};
static const char *const known[] = {"name",   "summary",        "size_mm", "images",
                                    "claims", "call_to_action", NULL};

#define MISFIT_TOLD 0.02 /* of the longest edge: less is the thickness of a coat of paint */

static struct json *size_json(double width, double height, double depth) {
    if (width <= 0 && height <= 0 && depth <= 0) {
        return NULL;
    }
    struct json *o = json_new_object();
    json_put_number(o, "w", width);
    json_put_number(o, "h", height);
    json_put_number(o, "d", depth);
    return o;
}

/* /p/ID/NAME */
static void put_address(struct json *o, const char *key, const struct product_row *p,
                        const char *name) {
    char url[ID_MAX + PRODUCT_FILE_MAX + 8];

    snprintf(url, sizeof url, "/p/%s/%.*s", p->id, PRODUCT_FILE_MAX, name);
    json_put_text(o, key, name[0] != '\0' ? url : NULL);
}

/* How the model fits the size, for people; false: as it should be. */
static bool fit_words(const struct product_row *p, double scale, char *ret, size_t n) {
    const double size[3] = {p->width, p->height, p->depth};
    double misfit = model_misfit(p->extent, size);
    int at = snprintf(ret, n, "The model itself measures %.0f × %.0f × %.0f mm", p->extent[0],
                      p->extent[1], p->extent[2]);

    if (fabs(scale - 1) > MISFIT_TOLD) {
        at += snprintf(ret + at, n - (size_t)at, " and is shown %.4g times as large", scale);
    }
    if (misfit > MISFIT_TOLD) {
        at += snprintf(ret + at, n - (size_t)at,
                       "; its proportions are not those of the size: an edge is off by %.0f mm",
                       misfit * fmax(size[0], fmax(size[1], size[2])));
    }
    snprintf(ret + at, n - (size_t)at, ".");
    return fabs(scale - 1) > MISFIT_TOLD || misfit > MISFIT_TOLD;
}

static double tenths(double mm) {
    return round(10 * mm) / 10;
}

/* What is known of the model: where it is, and how it becomes as large as the product. */
static void put_model(struct json *o, const struct product_row *p, bool whole) {
    const double size[3] = {p->width, p->height, p->depth};
    double scale = model_scale(p->extent, size);
    char ar[PRODUCT_FILE_MAX], words[320];
    bool is = p->model[0] != '\0';

    product_ar_name(p, ar);
    put_address(o, "model", p, p->model);
    put_address(o, "ar", p, ar[0] != '\0' ? "model.usdz" : "");
    if (is) {
        json_put_number(o, "model_scale", scale);
    } else {
        json_put_null(o, "model_scale");
    }
    if (whole) {
        json_put(o, "model_extent_mm",
                 is ? size_json(tenths(p->extent[0]), tenths(p->extent[1]), tenths(p->extent[2]))
                    : NULL);
        json_put_text(o, "model_note",
                      is && fit_words(p, scale, words, sizeof words) ? words : NULL);
    }
}

/* The addresses of the images that the row names. */
static struct json *images_json(const struct product_row *p, const struct json *details) {
    const struct json *names = json_get(details, "images");
    struct json *list = json_new_list();

    for (size_t i = 0; json_kind_of(names) == JSON_KIND_LIST && i < json_count(names); i++) {
        const char *name = json_text(json_at(names, i));
        char url[ID_MAX + PRODUCT_FILE_MAX + 8];
        if (name != NULL && product_file_is_served(name)) {
            snprintf(url, sizeof url, "/p/%s/%.*s", p->id, PRODUCT_FILE_MAX, name);
            json_add_text(list, url);
        }
    }
    return list;
}

struct json *product_card_json(const struct product_row *p) {
    struct json *o = json_new_object();

    json_put_text(o, "id", p->id);
    json_put_text(o, "name", p->name);
    json_put_text(o, "summary", p->summary);
    json_put(o, "size_mm", size_json(p->width, p->height, p->depth));
    put_model(o, p, false);
    return o;
}

static struct json *product_json(const struct product_row *p) {
    struct json *o = json_new_object();
    struct json *details = NULL;

    json_parse(bytes_of_text(p->details), sizeof p->details, &details);
    json_put_text(o, "id", p->id);
    json_put_text(o, "name", p->name);
    json_put_text(o, "summary", p->summary);
    json_put(o, "size_mm", size_json(p->width, p->height, p->depth));
    put_model(o, p, true);
    for (size_t i = 0; detail_keys[i] != NULL; i++) {
        json_put(o, detail_keys[i], json_duplicate(json_get(details, detail_keys[i])));
    }
    json_put(o, "images", images_json(p, details));
    json_put_int(o, "version", p->version);
    put_time(o, "created_at", p->created_at);
    put_time(o, "updated_at", p->updated_at);
    json_free(details);
    return o;
}

static void listed(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct product_list *list = argument;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NULL);
        return;
    }
    struct json *items = json_new_list();
    for (size_t i = 0; i < list->count; i++) {
        json_add(items, product_json(&list->rows[i]));
    }
    reply_json(x, 200, items);
}

void api_products_list(struct exchange *x) {
    struct product_list list = {0};

    if (read_paging(x, &list.offset, &list.limit)) {
        EXCHANGE_STORE(x, products_list, &list, listed);
    }
}

/* ---- create and change ---- */

static bool read_edge(struct exchange *x, const struct json *size, const char *key, double *ret) {
    *ret = 0;
    if (json_get_number(size, key, ret) == -EINVAL || *ret < 0 || *ret > 1e6) {
        reply_bad_field(x, "size_mm", "“size_mm” takes w, h and d in millimetres.");
        return false;
    }
    return true;
}

static bool read_size(struct exchange *x, const struct json *body, struct product_row *p) {
    static const char *const edges[] = {"w", "h", "d", NULL};
    const struct json *size = json_get(body, "size_mm");

    if (!json_has(body, "size_mm")) {
        return true;
    }
    p->fields |= PRODUCT_SIZE;
    if (json_kind_of(size) == JSON_KIND_NULL) {
        p->width = p->height = p->depth = 0;
        return true;
    }
    if (json_kind_of(size) != JSON_KIND_OBJECT || json_unknown_member(size, edges) != NULL) {
        reply_bad_field(x, "size_mm", "“size_mm” takes w, h and d in millimetres.");
        return false;
    }
    return read_edge(x, size, "w", &p->width) && read_edge(x, size, "h", &p->height) &&
           read_edge(x, size, "d", &p->depth);
}

/* A text, or {label, url} whose address a page may send people to. */
static bool call_to_action_is_fine(const struct json *value) {
    static const char *const members[] = {"label", "url", NULL};
    static const char *const schemes[] = {"https://", "http://", "mailto:", "tel:"};
    const char *label = "", *url = "";

    if (json_kind_of(value) == JSON_KIND_TEXT) {
        return true;
    }
    if (json_kind_of(value) != JSON_KIND_OBJECT || json_unknown_member(value, members) != NULL ||
        json_get_text(value, "label", &label) == -EINVAL ||
        json_get_text(value, "url", &url) == -EINVAL) {
        return false;
    }
    bool fine = url[0] == '\0';
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        fine = fine || strncasecmp(url, schemes[i], strlen(schemes[i])) == 0;
    }
    return fine;
}

/* Lists of texts, and a call to action. */
static bool detail_is_fine(const char *key, const struct json *value) {
    enum json_kind kind = json_kind_of(value);

    if (kind == JSON_KIND_NULL) {
        return true;
    }
    if (strcmp(key, "call_to_action") == 0) {
        return call_to_action_is_fine(value);
    }
    for (size_t i = 0; kind == JSON_KIND_LIST && i < json_count(value); i++) {
        if (json_text(json_at(value, i)) == NULL) {
            return false;
        }
    }
    return kind == JSON_KIND_LIST;
}

/* The body with names of files instead of addresses: images are put in order or left out, never
 * brought in, here. NULL: answered. To be freed. */
static struct json *name_images(struct exchange *x, const struct json *body,
                                const struct product_row *p) {
    struct json *named = json_duplicate(body), *names = json_new_list();
    const struct json *images = json_get(body, "images");

    for (size_t i = 0; json_kind_of(images) == JSON_KIND_LIST && i < json_count(images); i++) {
        const char *url = json_text(json_at(images, i));
        const char *name = url != NULL ? strrchr(url, '/') : NULL;
        char quoted[PRODUCT_FILE_MAX + 4];
        snprintf(quoted, sizeof quoted, "\"%.*s\"", PRODUCT_FILE_MAX, name != NULL ? name + 1 : "");
        if (name == NULL || !product_file_is_served(name + 1) ||
            strstr(p->details, quoted) == NULL) {
            reply_bad_field(x, "images", "“images” may name only those that the product has.");
            json_free(names);
            json_free(named);
            return NULL;
        }
        json_add_text(names, name + 1);
    }
    if (json_kind_of(images) == JSON_KIND_LIST) {
        json_put(named, "images", names);
    } else {
        json_free(names);
    }
    return named;
}

/* Merges the details of the body into those of the row. */
static bool read_details(struct exchange *x, const struct json *body, struct product_row *p) {
    struct json *named = name_images(x, body, p);
    bool given = false;
    bool fine = named != NULL &&
                fields_merge(x, named, detail_keys, detail_is_fine, p->details, sizeof p->details,
                             &given, "The product's details are too long.");

    json_free(named);

    if (given) {
        p->fields |= PRODUCT_DETAILS;
    }
    return fine;
}

static bool read_product(struct exchange *x, const struct json *body, struct product_row *p) {
    bool name = false, summary = false;

    if (!field_text(x, body, "name", p->name, sizeof p->name, &name) ||
        !field_text(x, body, "summary", p->summary, sizeof p->summary, &summary) ||
        !read_size(x, body, p) || !read_details(x, body, p)) {
        return false;
    }
    p->fields |= (name ? PRODUCT_NAME : 0u) | (summary ? PRODUCT_SUMMARY : 0u);
    if (p->name[strspn(p->name, " \t\r\n")] == '\0') {
        reply_bad_field(x, "name", "“name” is missing.");
        return false;
    }
    return true;
}

bool product_match(const struct exchange *x, const struct product_row *p) {
    char etag[32];

    snprintf(etag, sizeof etag, "\"%lld\"", (long long)p->version);
    return !request_has(&x->request, HEADER_IF_MATCH) ||
           request_etag_listed(request_header(&x->request, HEADER_IF_MATCH), etag);
}

void product_reply(struct exchange *x, int status, int result, const struct product_row *p) {
    if (result < 0) {
        reply_failure(x, result, "There is no such product.");
        return;
    }
    if (status == 201) {
        reply_header(x, "location", "/api/v1/products/%s", p->id);
    }
    reply_header(x, "etag", "\"%lld\"", (long long)p->version);
    reply_json(x, status, product_json(p));
}

static void created(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (exchange_resume(x)) {
        product_reply(x, 201, result, argument);
    }
}

void api_products_create(struct exchange *x) {
    struct product_row p = {0};
    const struct json *body = exchange_json(x, known);

    if (body != NULL && read_product(x, body, &p)) {
        EXCHANGE_STORE(x, products_create, &p, created);
    }
}

static void got(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (exchange_resume(x)) {
        product_reply(x, 200, result, argument);
    }
}

void api_product_get(struct exchange *x) {
    struct product_row p = {0};

    read_id(x, p.id);
    EXCHANGE_STORE(x, products_get, &p, got);
}

static void change_now(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct product_row p;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such product.");
        return;
    }
    p = *(const struct product_row *)argument;
    p.fields = 0;
    if (!product_match(x, &p)) {
        reply_failure(x, -ESTALE, NULL);
        return;
    }
    if (read_product(x, x->json, &p)) {
        EXCHANGE_STORE(x, products_change, &p, got);
    }
}

void api_product_change(struct exchange *x) {
    struct product_row p = {0};

    read_id(x, p.id);
    if (exchange_json(x, known) != NULL) {
        EXCHANGE_STORE(x, products_get, &p, change_now);
    }
}

static void deleted(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct row_id *row = argument;

    if (result == 0) {
        directory_remove(x->signal->config->data_dir, "products", row->id);
    }
    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such product.");
    } else {
        reply_empty(x, 204);
    }
}

void api_product_delete(struct exchange *x) {
    struct row_id id = {0};

    snprintf(id.id, sizeof id.id, "%.*s", (int)sizeof id.id - 1, x->request.params[0]);
    EXCHANGE_STORE(x, products_delete, &id, deleted);
}
