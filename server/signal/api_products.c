#include "signal/api.h"
#include "signal/fields.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const detail_keys[] = {"images", "claims", "call_to_action", NULL};
static const char *const known[] = {"name",   "summary", "size_mm",        "model",
                                    "images", "claims",  "call_to_action", NULL};

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

struct json *product_card_json(const struct product_row *p) {
    struct json *o = json_new_object();

    json_put_text(o, "id", p->id);
    json_put_text(o, "name", p->name);
    json_put_text(o, "summary", p->summary);
    json_put(o, "size_mm", size_json(p->width, p->height, p->depth));
    json_put_text(o, "model", p->model[0] != '\0' ? p->model : NULL);
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
    json_put_text(o, "model", p->model[0] != '\0' ? p->model : NULL);
    for (size_t i = 0; detail_keys[i] != NULL; i++) {
        json_put(o, detail_keys[i], json_duplicate(json_get(details, detail_keys[i])));
    }
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

/* Lists of texts, and a call to action that is an object or a text. */
static bool detail_is_fine(const char *key, const struct json *value) {
    enum json_kind kind = json_kind_of(value);

    if (kind == JSON_KIND_NULL) {
        return true;
    }
    if (strcmp(key, "call_to_action") == 0) {
        return kind == JSON_KIND_OBJECT || kind == JSON_KIND_TEXT;
    }
    for (size_t i = 0; kind == JSON_KIND_LIST && i < json_count(value); i++) {
        if (json_text(json_at(value, i)) == NULL) {
            return false;
        }
    }
    return kind == JSON_KIND_LIST;
}

/* Merges the details of the body into those of the row. */
static bool read_details(struct exchange *x, const struct json *body, struct product_row *p) {
    bool given = false;
    bool fine = fields_merge(x, body, detail_keys, detail_is_fine, p->details, sizeof p->details,
                             &given, "The product's details are too long.");

    if (given) {
        p->fields |= PRODUCT_DETAILS;
    }
    return fine;
}

static bool read_product(struct exchange *x, const struct json *body, struct product_row *p) {
    bool name = false, summary = false, model = false;

    if (!field_text(x, body, "name", p->name, sizeof p->name, &name) ||
        !field_text(x, body, "summary", p->summary, sizeof p->summary, &summary) ||
        !field_text(x, body, "model", p->model, sizeof p->model, &model) ||
        !read_size(x, body, p) || !read_details(x, body, p)) {
        return false;
    }
    p->fields |= (name ? PRODUCT_NAME : 0u) | (summary ? PRODUCT_SUMMARY : 0u) |
                 (model ? PRODUCT_MODEL : 0u);
    if (p->name[strspn(p->name, " \t\r\n")] == '\0') {
        reply_bad_field(x, "name", "“name” is missing.");
        return false;
    }
    return true;
}

static void reply_product(struct exchange *x, int status, int result, const struct product_row *p) {
    if (result < 0) {
        reply_failure(x, result, "There is no such product.");
        return;
    }
    if (status == 201) {
        reply_header(x, "location", "/api/v1/products/%s", p->id);
    }
    reply_json(x, status, product_json(p));
}

static void created(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (exchange_resume(x)) {
        reply_product(x, 201, result, argument);
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
        reply_product(x, 200, result, argument);
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

    (void)argument;
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
