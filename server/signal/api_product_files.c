/* A product's model and images: from a finished upload to what pages show, and the package for AR
 * Quick Look. */
#include "model/picture.h"
#include "signal/api.h"
#include "signal/fields.h"
#include "signal/files.h"
#include "signal/model_work.h"
#include "signal/product_files.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TRIES_MAX 3
#define NO_PRODUCT "There is no such product."

/* What a call works on (x->scratch). */
struct errand {
    struct product_row row;
    char source[STORE_PATH_MAX]; /* the upload, until it is a file of the product */
    char name[PRODUCT_FILE_MAX]; /* the new file, or the one that goes */
    char old[PRODUCT_FILE_MAX];  /* the model that the new one replaces */
    enum picture_kind kind;
    bool adds;
    unsigned tries;
};

static struct errand *errand_new(struct exchange *x) {
    struct errand *e = calloc(1, sizeof *e);

    x->scratch = e;
    if (e == NULL) {
        reply_failure(x, -ENOMEM, NULL);
        return NULL;
    }
    read_id(x, e->row.id);
    return e;
}

/* Ends the hold. Whoever has gone gets the upload back for another try. */
static bool resume(struct exchange *x) {
    struct signal *s = x->signal;
    const struct errand *e = x->scratch;
    char source[STORE_PATH_MAX];

    snprintf(source, sizeof source, "%s", e->source);
    if (exchange_resume(x)) {
        return true;
    }
    upload_give_back(s, source);
    return false;
}

static bool take_upload(struct exchange *x, struct errand *e) {
    static const char *const known[] = {"upload", NULL};
    const struct json *body = exchange_json(x, known);
    bool given;

    return body != NULL && upload_read(x, body, e->source, sizeof e->source, true, &given);
}

/* The size of the upload's file, or 0. */
static uint64_t size_of(const struct exchange *x, const struct errand *e,
                        char path[static MODEL_WORK_PATH_MAX]) {
    struct stat st;

    return upload_path(x->signal, e->source, path, MODEL_WORK_PATH_MAX) == 0 && stat(path, &st) == 0
               ? (uint64_t)st.st_size
               : 0;
}

static void refuse_upload(struct exchange *x, const struct errand *e, int status, const char *word,
                          const char *words) {
    upload_remove(x->signal, e->source);
    x->signal->counters.models_refused++;
    reply_problem(x, status, word, "%s", words);
}

/* ---- the model ---- */

static void model_stored(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct errand *e = x->scratch;

    product_file_remove(x->signal, e->row.id, result == 0 ? e->old : e->name);
    if (result == 0) {
        product_tidy(x->signal, argument);
    }
    if (exchange_resume(x)) {
        product_reply(x, 200, result, argument);
    }
}

static void model_looked_at(void *ctx, int result, const struct model_task *task) {
    struct exchange *x = ctx;

    if (!resume(x)) {
        return;
    }
    struct errand *e = x->scratch;
    struct product_row *p = &e->row;
    if (result == -EBADMSG) {
        refuse_upload(x, e, 422, "bad-model", task->words);
        return;
    }
    if (result == 0) {
        snprintf(e->old, sizeof e->old, "%.*s", (int)sizeof e->old - 1, p->model);
        result = product_file_take(x->signal, p->id, e->source, "model", "glb", e->name);
    }
    if (result < 0) {
        upload_give_back(x->signal, e->source);
        reply_failure(x, result, NULL);
        return;
    }
    snprintf(p->model, sizeof p->model, "%s", e->name);
    memcpy(p->extent, task->extent, sizeof p->extent);
    p->fields = PRODUCT_MODEL;
    if (p->width <= 0 && p->height <= 0 && p->depth <= 0) { /* then it is as large as its model */
        p->fields |= PRODUCT_SIZE;
        p->width = round(task->extent[0]);
        p->height = round(task->extent[1]);
        p->depth = round(task->extent[2]);
    }
    if (!request_has(&x->request, HEADER_IF_MATCH)) {
        p->version = 0; /* nothing that others write is touched */
    }
    EXCHANGE_STORE(x, products_change, p, model_stored);
    if (x->answered) { /* the store is too busy */
        product_file_remove(x->signal, p->id, e->name);
    }
}

static void model_wanted(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct model_task task = {0};

    if (!resume(x)) {
        return;
    }
    struct errand *e = x->scratch;
    if (result < 0 || !product_match(x, argument)) {
        upload_give_back(x->signal, e->source);
        reply_failure(x, result < 0 ? result : -ESTALE, NO_PRODUCT);
        return;
    }
    e->row = *(const struct product_row *)argument;
    if (size_of(x, e, task.model) > x->signal->config->model_max) {
        char words[120];
        snprintf(words, sizeof words, "A model may have at most %llu bytes.",
                 (unsigned long long)x->signal->config->model_max);
        refuse_upload(x, e, 413, "too-large", words);
        return;
    }
    exchange_hold(x);
    result = model_work(x->signal, &task, model_looked_at, x);
    if (result < 0 && resume(x)) {
        upload_give_back(x->signal, e->source);
        reply_failure(x, result, NULL);
    }
}

void api_product_model_put(struct exchange *x) {
    struct errand *e = errand_new(x);

    if (e != NULL && take_upload(x, e)) {
        EXCHANGE_STORE(x, products_get, &e->row, model_wanted);
    }
}

static void model_unwanted(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (!exchange_resume(x)) {
        return;
    }
    struct errand *e = x->scratch;
    if (result < 0 || !product_match(x, argument)) {
        reply_failure(x, result < 0 ? result : -ESTALE, NO_PRODUCT);
        return;
    }
    e->row = *(const struct product_row *)argument;
    snprintf(e->old, sizeof e->old, "%.*s", (int)sizeof e->old - 1, e->row.model);
    e->row.model[0] = '\0';
    memset(e->row.extent, 0, sizeof e->row.extent);
    e->row.fields = PRODUCT_MODEL;
    EXCHANGE_STORE(x, products_change, &e->row, model_stored);
}

void api_product_model_delete(struct exchange *x) {
    struct errand *e = errand_new(x);

    if (e != NULL) {
        EXCHANGE_STORE(x, products_get, &e->row, model_unwanted);
    }
}

/* ---- images ---- */

/* The row's list of images with the errand's one at its end, or without it. False: not there, or
 * too many (answered). */
static bool change_images(struct exchange *x, struct errand *e) {
    struct json *details = NULL, *images = json_new_list();
    bool found = false;

    json_parse(bytes_of_text(e->row.details), sizeof e->row.details, &details);
    details = details != NULL ? details : json_new_object();
    const struct json *old = json_get(details, "images");
    for (size_t i = 0; json_kind_of(old) == JSON_KIND_LIST && i < json_count(old); i++) {
        const char *name = json_text(json_at(old, i));
        if (name != NULL && strcmp(name, e->name) == 0) {
            found = true;
        } else if (name != NULL) {
            json_add_text(images, name);
        }
    }
    bool full = e->adds && json_count(images) >= PRODUCT_IMAGES_MAX;
    if (e->adds) {
        json_add_text(images, e->name);
    }
    json_put(details, "images", images);
    size_t n = 0;
    char *text = json_write_text(details, false, &n);
    bool fits = text != NULL && n < sizeof e->row.details;
    if (fits) {
        memcpy(e->row.details, text, n + 1);
    }
    free(text);
    json_free(details);
    if (!e->adds && !found) {
        reply_problem(x, 404, "not-found", "There is no such image.");
    } else if (full) {
        reply_problem(x, 409, "too-many", "A product has at most %d images.", PRODUCT_IMAGES_MAX);
    } else if (!fits) {
        reply_problem(x, 400, "too-large", "The product's details are too long.");
    }
    return !x->answered;
}

static void image_wanted(void *ctx, int result, void *argument);

static void images_stored(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct errand *e = x->scratch;

    if (result == -ESTALE && e->tries++ < TRIES_MAX && x->wsi != NULL) {
        exchange_resume(x);
        EXCHANGE_STORE(x, products_get, &e->row, image_wanted); /* another image came between */
        return;
    }
    if (e->adds ? result < 0 : result == 0) {
        product_file_remove(x->signal, e->row.id, e->name);
    }
    if (exchange_resume(x)) {
        product_reply(x, e->adds ? 201 : 200, result, argument);
    }
}

static void image_wanted(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (!resume(x)) {
        return;
    }
    struct errand *e = x->scratch;
    if (result < 0) {
        upload_give_back(x->signal, e->source);
        reply_failure(x, result, NO_PRODUCT);
        return;
    }
    e->row = *(const struct product_row *)argument;
    if (e->source[0] != '\0') {
        result = product_file_take(x->signal, e->row.id, e->source, "image",
                                   picture_ending(e->kind), e->name);
        if (result < 0) {
            upload_give_back(x->signal, e->source);
            reply_failure(x, result, NULL);
            return;
        }
        e->source[0] = '\0';
    }
    if (change_images(x, e)) {
        e->row.fields = PRODUCT_DETAILS;
        EXCHANGE_STORE(x, products_change, &e->row, images_stored);
    }
    if (x->answered && e->adds) {
        product_file_remove(x->signal, e->row.id, e->name);
    }
}

/* Is the upload a picture that browsers show? False: answered. */
static bool look_at_image(struct exchange *x, struct errand *e) {
    char path[MODEL_WORK_PATH_MAX], words[120], *file = NULL;
    struct picture picture = {0};
    size_t n = 0;
    uint64_t size = size_of(x, e, path);

    if (size > x->signal->config->image_max) {
        snprintf(words, sizeof words, "An image may have at most %llu bytes.",
                 (unsigned long long)x->signal->config->image_max);
        refuse_upload(x, e, 413, "too-large", words);
        return false;
    }
    int r = file_read(path, (size_t)x->signal->config->image_max, &file, &n);
    if (r == 0) {
        r = picture_look(bytes_of(file, n), &picture);
    }
    free(file);
    if (r == -EBADMSG || r == -EFBIG) {
        snprintf(words, sizeof words,
                 r == -EFBIG ? "The image is too large: at most %d pixels a side."
                             : "The file is no PNG, JPEG or WebP image.",
                 PICTURE_SIDE_MAX);
        refuse_upload(x, e, 422, "bad-image", words);
    } else if (r < 0) {
        upload_give_back(x->signal, e->source);
        reply_failure(x, r, NULL);
    }
    e->kind = picture.kind;
    return r == 0;
}

void api_product_images_create(struct exchange *x) {
    struct errand *e = errand_new(x);

    if (e != NULL && take_upload(x, e) && look_at_image(x, e)) {
        e->adds = true;
        EXCHANGE_STORE(x, products_get, &e->row, image_wanted);
    }
}

void api_product_image_delete(struct exchange *x) {
    struct errand *e = errand_new(x);

    if (e != NULL) {
        snprintf(e->name, sizeof e->name, "%.*s", (int)sizeof e->name - 1, x->request.params[1]);
        EXCHANGE_STORE(x, products_get, &e->row, image_wanted);
    }
}

/* ---- what pages fetch ---- */

void product_file(struct exchange *x) {
    char path[PRODUCT_PATH_MAX];

    if (!product_file_is_served(x->request.params[1]) ||
        !product_path(x->signal, x->request.params[0], x->request.params[1], path)) {
        reply_problem(x, 404, "not-found", "There is no such file.");
        return;
    }
    file_reply(x, path, "public, max-age=31536000, immutable");
}

static void usdz_written(void *ctx, int result, const struct model_task *task) {
    struct exchange *x = ctx;

    x->signal->counters.usdz_written += result == 0;
    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result == -EBADMSG ? -EIO : result, NULL);
    } else {
        file_reply(x, task->out, "public, max-age=60");
    }
}

static void usdz_wanted(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct product_row *p = argument;
    struct model_task task = {0};
    char name[PRODUCT_FILE_MAX], folder[PRODUCT_PATH_MAX];

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NO_PRODUCT);
        return;
    }
    product_ar_name(p, name);
    if (name[0] == '\0' || !product_path(x->signal, p->id, name, task.out)) {
        reply_problem(x, 404, "no-size", "The product has neither a model nor a size.");
        return;
    }
    if (p->model[0] != '\0') {
        product_path(x->signal, p->id, p->model, task.model);
    } else { /* it may have no file yet */
        snprintf(folder, sizeof folder, "%.600s/products", x->signal->config->data_dir);
        mkdir(folder, 0700);
        product_path(x->signal, p->id, "", folder);
        mkdir(folder, 0700);
    }
    task.size[0] = p->width;
    task.size[1] = p->height;
    task.size[2] = p->depth;
    exchange_hold(x);
    result = model_work(x->signal, &task, usdz_written, x);
    if (result < 0 && exchange_resume(x)) {
        reply_failure(x, result, NULL);
    }
}

void product_usdz(struct exchange *x) {
    struct product_row p = {0};

    read_id(x, p.id);
    EXCHANGE_STORE(x, products_get, &p, usdz_wanted);
}
