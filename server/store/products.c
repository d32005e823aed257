/* Products. */
#include "store/secret.h"
#include "store/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PRODUCT_COLUMNS                                                                            \
    "id, name, summary, width, height, depth, model, details, created_at, updated_at, "            \
    "extent_width,"                                                                                \
    " extent_height, extent_depth, version"

static void read_product(struct query *q, struct product_row *ret) {
    memset(ret, 0, sizeof(*ret));
    query_text(q, 0, ret->id, sizeof(ret->id));
    query_text(q, 1, ret->name, sizeof(ret->name));
    query_text(q, 2, ret->summary, sizeof(ret->summary));
    ret->width = query_real(q, 3);
    ret->height = query_real(q, 4);
    ret->depth = query_real(q, 5);
    query_text(q, 6, ret->model, sizeof(ret->model));
    query_text(q, 7, ret->details, sizeof(ret->details));
    ret->created_at = query_int(q, 8);
    ret->updated_at = query_int(q, 9);
    for (int i = 0; i < 3; i++) {
        ret->extent[i] = query_real(q, 10 + i);
    }
    ret->version = query_int(q, 13);
}

static int insert(struct database *db, struct product_row *p) {
    int error =
        database_check_limit(db, "SELECT count(*) FROM products", database_limits(db)->products);
    if (error) {
        return error;
    }
    secret_id(p->id);
    p->created_at = p->updated_at = database_now(db);
    p->version = 1;
    struct query q = query_new(db, "INSERT INTO products(" PRODUCT_COLUMNS ")"
                                   " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_bind_text(&q, p->id);
    query_bind_text(&q, p->name);
    query_bind_text(&q, p->summary);
    query_bind_real(&q, p->width);
    query_bind_real(&q, p->height);
    query_bind_real(&q, p->depth);
    query_bind_text(&q, p->model);
    query_bind_text(&q, p->details);
    query_bind_int(&q, p->created_at);
    query_bind_int(&q, p->updated_at);
    for (int i = 0; i < 3; i++) {
        query_bind_real(&q, p->extent[i]);
    }
    query_bind_int(&q, p->version);
    return query_run(&q);
}

int products_create(struct database *db, struct product_row *product) {
    int error = database_begin(db);
    if (error) {
        return error;
    }
    int result = database_finish(db, insert(db, product));
    return result < 0 ? result : 0;
}

int products_get(struct database *db, struct product_row *product) {
    struct query q = query_new(db, "SELECT " PRODUCT_COLUMNS " FROM products WHERE id = ?");
    char id[ID_MAX]; /* stays bound while the row is overwritten */
    memcpy(id, product->id, sizeof(id));
    query_bind_text(&q, id);
    if (query_row(&q)) {
        read_product(&q, product);
    }
    return query_end_found(&q);
}

int products_change(struct database *db, struct product_row *p) {
    struct query q =
        query_new(db, "UPDATE products SET"
                      " name = iif(?2 & 1, ?3, name), summary = iif(?2 & 2, ?4, summary),"
                      " width = iif(?2 & 4, ?5, width), height = iif(?2 & 4, ?6, height),"
                      " depth = iif(?2 & 4, ?7, depth), model = iif(?2 & 8, ?8, model),"
                      " details = iif(?2 & 16, ?9, details), updated_at = ?10,"
                      " extent_width = iif(?2 & 8, ?11, extent_width),"
                      " extent_height = iif(?2 & 8, ?12, extent_height),"
                      " extent_depth = iif(?2 & 8, ?13, extent_depth), version = version + 1"
                      " WHERE id = ?1 AND (?14 = 0 OR version = ?14)");
    query_bind_text(&q, p->id);
    query_bind_int(&q, p->fields);
    query_bind_text(&q, p->name);
    query_bind_text(&q, p->summary);
    query_bind_real(&q, p->width);
    query_bind_real(&q, p->height);
    query_bind_real(&q, p->depth);
    query_bind_text(&q, p->model);
    query_bind_text(&q, p->details);
    query_bind_int(&q, database_now(db));
    for (int i = 0; i < 3; i++) {
        query_bind_real(&q, p->extent[i]);
    }
    query_bind_int(&q, p->version);
    int changed = query_run(&q);
    if (changed < 0) {
        return changed;
    }
    int error = products_get(db, p);
    return error == 0 && changed == 0 ? -ESTALE : error;
}

int products_delete(struct database *db, struct row_id *row) {
    struct query q = query_new(db, "DELETE FROM products WHERE id = ?");
    query_bind_text(&q, row->id);
    int changed = query_run(&q);
    return changed < 0 ? changed : changed ? 0 : -ENOENT;
}

int products_list(struct database *db, struct product_list *list) {
    struct query q = query_new(db, "SELECT " PRODUCT_COLUMNS
                                   " FROM products ORDER BY number DESC LIMIT ? OFFSET ?");
    list->count = 0;
    list->rows = NULL;
    query_bind_int(&q, (int64_t)list_limit(list->limit));
    query_bind_int(&q, (int64_t)list->offset);
    while (query_row(&q)) {
        struct product_row *row = rows_grow((void **)&list->rows, list->count, sizeof(*row));
        if (!row) {
            q.error = -ENOMEM;
            break;
        }
        read_product(&q, row);
        list->count++;
    }
    return query_end(&q);
}

void product_list_clear(void *list) {
    struct product_list *l = list;
    free(l->rows);
    l->rows = NULL;
    l->count = 0;
}
