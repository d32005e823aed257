/* Slides: decks of pages made from a PDF. */
#include "store/secret.h"
#include "store/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLIDES_COLUMNS "id, title, state, error, reason, source, directory, created_at, updated_at"

static void read_slides(struct query *q, struct slides_row *ret) {
    memset(ret, 0, sizeof(*ret));
    query_text(q, 0, ret->id, sizeof(ret->id));
    query_text(q, 1, ret->title, sizeof(ret->title));
    ret->state = (enum walkthrough_state)query_int(q, 2);
    query_text(q, 3, ret->error, sizeof(ret->error));
    query_text(q, 4, ret->reason, sizeof(ret->reason));
    query_text(q, 5, ret->source, sizeof(ret->source));
    query_text(q, 6, ret->directory, sizeof(ret->directory));
    ret->created_at = query_int(q, 7);
    ret->updated_at = query_int(q, 8);
}

static int insert(struct database *db, struct slides_row *s) {
    int error =
        database_check_limit(db, "SELECT count(*) FROM slides", database_limits(db)->slides);
    if (error) {
        return error;
    }
    secret_id(s->id);
    s->created_at = s->updated_at = database_now(db);
    struct query q =
        query_new(db, "INSERT INTO slides(" SLIDES_COLUMNS ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_bind_text(&q, s->id);
    query_bind_text(&q, s->title);
    query_bind_int(&q, s->state);
    query_bind_text(&q, s->error);
    query_bind_text(&q, s->reason);
    query_bind_text(&q, s->source);
    query_bind_text(&q, s->directory);
    query_bind_int(&q, s->created_at);
    query_bind_int(&q, s->updated_at);
    return query_run(&q);
}

int slides_create(struct database *db, struct slides_row *slides) {
    int error = database_begin(db);
    if (error) {
        return error;
    }
    int result = database_finish(db, insert(db, slides));
    return result < 0 ? result : 0;
}

int slides_get(struct database *db, struct slides_row *slides) {
    struct query q = query_new(db, "SELECT " SLIDES_COLUMNS " FROM slides WHERE id = ?");
    char id[ID_MAX]; /* stays bound while the row is overwritten */
    memcpy(id, slides->id, sizeof(id));
    query_bind_text(&q, id);
    if (query_row(&q)) {
        read_slides(&q, slides);
    }
    return query_end_found(&q);
}

int slides_change(struct database *db, struct slides_row *s) {
    struct query q = query_new(
        db, "UPDATE slides SET title = iif(?2 & 1, ?3, title), state = iif(?2 & 2, ?4, state),"
            " error = iif(?2 & 2, ?5, error), reason = iif(?2 & 2, ?6, reason),"
            " directory = iif(?2 & 2, ?7, directory), updated_at = ?8 WHERE id = ?1");
    query_bind_text(&q, s->id);
    query_bind_int(&q, s->fields);
    query_bind_text(&q, s->title);
    query_bind_int(&q, s->state);
    query_bind_text(&q, s->error);
    query_bind_text(&q, s->reason);
    query_bind_text(&q, s->directory);
    query_bind_int(&q, database_now(db));
    int changed = query_run(&q);
    if (changed <= 0) {
        return changed < 0 ? changed : -ENOENT;
    }
    return slides_get(db, s);
}

static int delete_row(struct database *db, struct slides_row *s) {
    int error = slides_get(db, s);
    if (error) {
        return error;
    }
    struct query q = query_new(db, "DELETE FROM slides WHERE id = ?");
    query_bind_text(&q, s->id);
    int changed = query_run(&q);
    return changed < 0 ? changed : 0;
}

int slides_delete(struct database *db, struct slides_row *slides) {
    int error = database_begin(db);
    if (error) {
        return error;
    }
    int result = database_finish(db, delete_row(db, slides));
    return result < 0 ? result : 0;
}

int slides_list(struct database *db, struct slides_list *list) {
    struct query q = list->compiling_only
                         ? query_new(db, "SELECT " SLIDES_COLUMNS " FROM slides WHERE state = 0"
                                         " ORDER BY number LIMIT ? OFFSET ?")
                         : query_new(db, "SELECT " SLIDES_COLUMNS
                                         " FROM slides ORDER BY number DESC LIMIT ? OFFSET ?");
    list->count = 0;
    list->rows = NULL;
    query_bind_int(&q, (int64_t)list_limit(list->limit));
    query_bind_int(&q, (int64_t)list->offset);
    while (query_row(&q)) {
        struct slides_row *row = rows_grow((void **)&list->rows, list->count, sizeof(*row));
        if (!row) {
            q.error = -ENOMEM;
            break;
        }
        read_slides(&q, row);
        list->count++;
    }
    return query_end(&q);
}

void slides_list_clear(void *list) {
    struct slides_list *l = list;
    free(l->rows);
    l->rows = NULL;
    l->count = 0;
}
