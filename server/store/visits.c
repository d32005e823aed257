/* Visits: the rows that survive whatever happens to the server. */
#include "store/visits.h"

#include "store/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void read_products(const char *joined, struct visit_row *ret) {
    const char *at = joined;
    while (*at && ret->product_count < STORE_PRODUCTS_PER_VISIT) {
        size_t n = strcspn(at, ",");
        if (n < ID_MAX) {
            memcpy(ret->products[ret->product_count], at, n);
            ret->products[ret->product_count++][n] = '\0';
        }
        at += n + (at[n] == ',');
    }
}

void visit_row_read(struct query *q, int first, struct visit_row *ret) {
    char products[STORE_PRODUCTS_PER_VISIT * ID_MAX];
    memset(ret, 0, sizeof(*ret));
    query_text(q, first, ret->id, sizeof(ret->id));
    query_text(q, first + 1, ret->title, sizeof(ret->title));
    ret->state = (enum visit_state)query_int(q, first + 2);
    ret->recording = (enum visit_recording)query_int(q, first + 3);
    ret->starts_at = query_int(q, first + 4);
    query_text(q, first + 5, ret->tz, sizeof(ret->tz));
    query_text(q, first + 6, ret->host, sizeof(ret->host));
    query_text(q, first + 7, ret->host_name, sizeof(ret->host_name));
    query_text(q, first + 8, ret->stream_key, sizeof(ret->stream_key));
    ret->created_at = query_int(q, first + 9);
    ret->started_at = query_int(q, first + 10);
    ret->ended_at = query_int(q, first + 11);
    query_text(q, first + 12, products, sizeof(products));
    read_products(products, ret);
    query_text(q, first + 13, ret->replay, sizeof(ret->replay));
    ret->replay_state = (enum walkthrough_state)query_int(q, first + 14);
}

static int write_products(struct database *db, const struct visit_row *v) {
    struct query q = query_new(db, "DELETE FROM visit_products WHERE visit = ?");
    query_bind_text(&q, v->id);
    int error = query_run(&q);
    for (size_t i = 0; error >= 0 && i < v->product_count; i++) {
        q = query_new(db, "INSERT INTO visit_products(visit, position, product) VALUES(?, ?, ?)");
        query_bind_text(&q, v->id);
        query_bind_int(&q, (int64_t)i);
        query_bind_text(&q, v->products[i]);
        error = query_run(&q);
    }
    return error < 0 ? error : 0;
}

static int insert(struct database *db, struct visit_row *v) {
    int error = v->product_count > STORE_PRODUCTS_PER_VISIT ? -EINVAL : 0;
    if (!error) {
        error =
            database_check_limit(db, "SELECT count(*) FROM visits", database_limits(db)->visits);
    }
    if (error) {
        return error;
    }
    secret_id(v->id);
    secret_token(v->stream_key);
    struct query q = query_new(
        db, "INSERT INTO visits(id, title, state, recording, starts_at, tz, host, stream_key,"
            " created_at, started_at, ended_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)");
    query_bind_text(&q, v->id);
    query_bind_text(&q, v->title);
    query_bind_int(&q, VISIT_PLANNED);
    query_bind_int(&q, v->recording);
    query_bind_int(&q, v->starts_at);
    query_bind_text(&q, v->tz);
    query_bind_text_or_null(&q, v->host);
    query_bind_text(&q, v->stream_key);
    query_bind_int(&q, database_now(db));
    error = query_run(&q);
    return error < 0 ? error : write_products(db, v);
}

int visits_create(struct database *db, struct visit_row *visit) {
    int error = database_begin(db);
    if (error) {
        return error;
    }
    error = insert(db, visit);
    error = error ? error : visits_get(db, visit);
    return database_finish(db, error);
}

int visits_get(struct database *db, struct visit_row *visit) {
    struct query q = query_new(db, "SELECT " VISIT_COLUMNS " FROM " VISIT_TABLES " WHERE v.id = ?");
    char id[ID_MAX]; /* stays bound while the row is overwritten */
    memcpy(id, visit->id, sizeof(id));
    query_bind_text(&q, id);
    if (query_row(&q)) {
        visit_row_read(&q, 0, visit);
    }
    return query_end_found(&q);
}

static int update(struct database *db, struct visit_row *v) {
    if ((v->fields & VISIT_PRODUCTS) && v->product_count > STORE_PRODUCTS_PER_VISIT) {
        return -EINVAL;
    }
    struct query q =
        query_new(db, "UPDATE visits SET title = iif(?2 & 1, ?3, title),"
                      " starts_at = iif(?2 & 2, ?4, starts_at), tz = iif(?2 & 2, ?5, tz),"
                      " recording = iif(?2 & 4, ?6, recording) WHERE id = ?1");
    query_bind_text(&q, v->id);
    query_bind_int(&q, v->fields);
    query_bind_text(&q, v->title);
    query_bind_int(&q, v->starts_at);
    query_bind_text(&q, v->tz);
    query_bind_int(&q, v->recording);
    int changed = query_run(&q);
    if (changed <= 0) {
        return changed < 0 ? changed : -ENOENT;
    }
    int error = v->fields & VISIT_PRODUCTS ? write_products(db, v) : 0;
    return error ? error : visits_get(db, v);
}

int visits_change(struct database *db, struct visit_row *visit) {
    int error = database_begin(db);
    return error ? error : database_finish(db, update(db, visit));
}

static int advance(struct database *db, struct visit_progress *p) {
    memcpy(p->visit.id, p->id, sizeof(p->id));
    int error = visits_get(db, &p->visit);
    if (error) {
        return error;
    }
    if (p->visit.state == VISIT_ENDED && p->state != VISIT_ENDED) {
        return -EPERM;
    }
    if (p->state <= p->visit.state) {
        return 0;
    }
    struct query q = query_new(db, "UPDATE visits SET state = ?2,"
                                   " started_at = iif(?2 = 2 AND started_at = 0, ?3, started_at),"
                                   " ended_at = iif(?2 = 3, ?3, ended_at) WHERE id = ?1");
    query_bind_text(&q, p->id);
    query_bind_int(&q, p->state);
    query_bind_int(&q, database_now(db));
    error = query_run(&q);
    return error < 0 ? error : visits_get(db, &p->visit);
}

_Static_assert(VISIT_LIVE == 2 && VISIT_ENDED == 3,
               "as in the statement above and in every database");

int visits_progress(struct database *db, struct visit_progress *progress) {
    int error = database_begin(db);
    return error ? error : database_finish(db, advance(db, progress));
}

int visits_delete(struct database *db, struct row_id *row) {
    struct query q = query_new(db, "DELETE FROM visits WHERE id = ?");
    query_bind_text(&q, row->id);
    int changed = query_run(&q);
    return changed < 0 ? changed : changed ? 0 : -ENOENT;
}

int visits_list(struct database *db, struct visit_list *list) {
    struct query q = query_new(db, "SELECT " VISIT_COLUMNS " FROM " VISIT_TABLES
                                   " ORDER BY v.number DESC LIMIT ? OFFSET ?");
    list->count = 0;
    list->rows = NULL;
    query_bind_int(&q, (int64_t)list_limit(list->limit));
    query_bind_int(&q, (int64_t)list->offset);
    while (query_row(&q)) {
        struct visit_row *row = rows_grow((void **)&list->rows, list->count, sizeof(*row));
        if (!row) {
            q.error = -ENOMEM;
            break;
        }
        visit_row_read(&q, 0, row);
        list->count++;
    }
    return query_end(&q);
}

void visit_list_clear(void *list) {
    struct visit_list *l = list;
    free(l->rows);
    l->rows = NULL;
    l->count = 0;
}
