/* Walkthroughs: recorded visits and films, from upload to presentation. */
#include "store/secret.h"
#include "store/slug.h"
#include "store/sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLUG_TRIES 1000
#define SLUG_TITLE_MAX 61 /* leaves room for "-999" */

#define WALKTHROUGH_COLUMNS                                                                        \
    "id, slug, title, state, progress, error, duration, published, coalesce(product, ''),"         \
    " source, directory, details, created_at, updated_at, coalesce(visit, ''), reason, key, film," \
    " coalesce((SELECT q.id FROM film_questions q WHERE q.clip = walkthroughs.id), ''),"           \
    " (SELECT count(*) FROM film_questions q WHERE q.walkthrough = walkthroughs.id"                \
    " AND q.answered_at = 0 AND NOT q.parked)"

#define NEXT_QUEUED "(SELECT 1 + coalesce(max(queued), 0) FROM walkthroughs)"

const char *walkthrough_state_name(enum walkthrough_state state) {
    static const char *const names[] = {
        [WALKTHROUGH_COMPILING] = "compiling",
        [WALKTHROUGH_READY] = "ready",
        [WALKTHROUGH_FAILED] = "failed",
    };
    return names[state];
}

static void read_walkthrough(struct query *q, struct walkthrough_row *ret) {
    memset(ret, 0, sizeof(*ret));
    query_text(q, 0, ret->id, sizeof(ret->id));
    query_text(q, 1, ret->slug, sizeof(ret->slug));
    query_text(q, 2, ret->title, sizeof(ret->title));
    ret->state = (enum walkthrough_state)query_int(q, 3);
    ret->progress = query_real(q, 4);
    query_text(q, 5, ret->error, sizeof(ret->error));
    ret->duration = query_real(q, 6);
    ret->published = query_int(q, 7) != 0;
    query_text(q, 8, ret->product, sizeof(ret->product));
    query_text(q, 9, ret->source, sizeof(ret->source));
    query_text(q, 10, ret->directory, sizeof(ret->directory));
    query_text(q, 11, ret->details, sizeof(ret->details));
    ret->created_at = query_int(q, 12);
    ret->updated_at = query_int(q, 13);
    query_text(q, 14, ret->visit, sizeof(ret->visit));
    query_text(q, 15, ret->reason, sizeof(ret->reason));
    query_text(q, 16, ret->key, sizeof(ret->key));
    query_text(q, 17, ret->film, sizeof(ret->film));
    query_text(q, 18, ret->answers, sizeof(ret->answers));
    ret->questions_open = (unsigned)query_int(q, 19);
}

/* 1 when the slug is taken, 0 when free, or −errno. */
static int slug_taken(struct database *db, const char *slug) {
    struct query q = query_new(db, "SELECT 1 FROM walkthroughs WHERE slug = ?");
    query_bind_text(&q, slug);
    bool taken = query_row(&q);
    int error = query_end(&q);
    return error ? error : taken;
}

static int choose_slug(struct database *db, struct walkthrough_row *w) {
    char base[SLUG_TITLE_MAX];
    if (w->slug[0]) {
        return 0; /* the unique index decides */
    }
    slug_of_title(w->title, base, sizeof(base));
    snprintf(w->slug, sizeof(w->slug), "%s", base);
    int taken = slug_taken(db, w->slug);
    for (unsigned i = 2; taken == 1 && i < SLUG_TRIES; i++) {
        snprintf(w->slug, sizeof(w->slug), "%s-%u", base, i);
        taken = slug_taken(db, w->slug);
    }
    return taken == 1 ? -EEXIST : taken;
}

static int insert(struct database *db, struct walkthrough_row *w) {
    int error = database_check_limit(db, "SELECT count(*) FROM walkthroughs",
                                     database_limits(db)->walkthroughs);
    error = error ? error : choose_slug(db, w);
    if (error) {
        return error;
    }
    secret_id(w->id);
    w->created_at = w->updated_at = database_now(db);
    struct query q = query_new(
        db,
        "INSERT INTO walkthroughs(id, slug, title, state, progress, error, duration, published,"
        " product, source, directory, details, created_at, updated_at, visit, reason, key,"
        " film, queued) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " NEXT_QUEUED
        ")");
    query_bind_text(&q, w->id);
    query_bind_text(&q, w->slug);
    query_bind_text(&q, w->title);
    query_bind_int(&q, w->state);
    query_bind_real(&q, w->progress);
    query_bind_text(&q, w->error);
    query_bind_real(&q, w->duration);
    query_bind_int(&q, w->published);
    query_bind_text_or_null(&q, w->product);
    query_bind_text(&q, w->source);
    query_bind_text(&q, w->directory);
    query_bind_text(&q, w->details);
    query_bind_int(&q, w->created_at);
    query_bind_int(&q, w->updated_at);
    query_bind_text_or_null(&q, w->visit);
    query_bind_text(&q, w->reason);
    query_bind_text(&q, w->key);
    query_bind_text(&q, w->film);
    return query_run(&q);
}

int walkthroughs_create(struct database *db, struct walkthrough_row *walkthrough) {
    int error = database_begin(db);
    if (error) {
        return error;
    }
    int result = database_finish(db, insert(db, walkthrough));
    return result < 0 ? result : 0;
}

int walkthroughs_get(struct database *db, struct walkthrough_row *w) {
    struct query q =
        w->id[0] ? query_new(db, "SELECT " WALKTHROUGH_COLUMNS " FROM walkthroughs WHERE id = ?")
        : w->slug[0]
            ? query_new(db, "SELECT " WALKTHROUGH_COLUMNS " FROM walkthroughs WHERE slug = ?")
            : query_new(db, "SELECT " WALKTHROUGH_COLUMNS " FROM walkthroughs WHERE visit = ?");
    char key[STORE_SLUG_MAX]; /* stays bound while the row is overwritten */
    snprintf(key, sizeof(key), "%s", w->id[0] ? w->id : w->slug[0] ? w->slug : w->visit);
    query_bind_text(&q, key);
    if (query_row(&q)) {
        read_walkthrough(&q, w);
    }
    return query_end_found(&q);
}

int walkthroughs_change(struct database *db, struct walkthrough_row *w) {
    struct query q = query_new(
        db, "UPDATE walkthroughs SET title = iif(?2 & 1, ?3, title),"
            " published = iif(?2 & 2, ?4, published), details = iif(?2 & 4, ?5, details),"
            " product = iif(?2 & 8, ?6, product), source = iif(?2 & 16, ?7, source),"
            " progress = iif(?2 & 32, ?8, iif(?2 & 16, 0, progress)),"
            " state = iif(?2 & 64, ?9, iif(?2 & 16, 0, state)),"
            " error = iif(?2 & 64, ?10, iif(?2 & 16, '', error)),"
            " reason = iif(?2 & 64, ?11, iif(?2 & 16, '', reason)),"
            " duration = iif(?2 & 64, ?12, duration), directory = iif(?2 & 64, ?13, directory),"
            " film = iif(?2 & 64, ?14, film), key = iif(?2 & 128, ?15, key),"
            " queued = iif((?2 & 80) = 16, " NEXT_QUEUED ", queued),"
            " updated_at = ?16 WHERE id = ?1 AND ((?2 & 80) <> 64 OR source = ?7)");
    query_bind_text(&q, w->id);
    query_bind_int(&q, w->fields);
    query_bind_text(&q, w->title);
    query_bind_int(&q, w->published);
    query_bind_text(&q, w->details);
    query_bind_text_or_null(&q, w->product);
    query_bind_text(&q, w->source);
    query_bind_real(&q, w->progress);
    query_bind_int(&q, w->state);
    query_bind_text(&q, w->error);
    query_bind_text(&q, w->reason);
    query_bind_real(&q, w->duration);
    query_bind_text(&q, w->directory);
    query_bind_text(&q, w->film);
    query_bind_text(&q, w->key);
    query_bind_int(&q, database_now(db));
    int changed = query_run(&q);
    if (changed <= 0) {
        return changed < 0 ? changed : -ENOENT;
    }
    return walkthroughs_get(db, w);
}

_Static_assert(WALKTHROUGH_COMPILING == 0, "as in the statement above and in every database");

static int delete_row(struct database *db, struct walkthrough_row *w) {
    int error = walkthroughs_get(db, w);
    if (error) {
        return error;
    }
    struct query q = query_new(db, "DELETE FROM walkthroughs WHERE id = ?");
    query_bind_text(&q, w->id);
    int changed = query_run(&q);
    return changed < 0 ? changed : 0;
}

int walkthroughs_delete(struct database *db, struct walkthrough_row *w) {
    int error = database_begin(db);
    if (error) {
        return error;
    }
    int result = database_finish(db, delete_row(db, w));
    return result < 0 ? result : 0;
}

int walkthroughs_list(struct database *db, struct walkthrough_list *list) {
    struct query q =
        list->compiling_only
            ? query_new(db, "SELECT " WALKTHROUGH_COLUMNS " FROM walkthroughs WHERE state = 0"
                            " ORDER BY queued LIMIT ? OFFSET ?")
            : query_new(db, "SELECT " WALKTHROUGH_COLUMNS " FROM walkthroughs"
                            " ORDER BY number DESC LIMIT ? OFFSET ?");
    list->count = 0;
    list->rows = NULL;
    query_bind_int(&q, (int64_t)list_limit(list->limit));
    query_bind_int(&q, (int64_t)list->offset);
    while (query_row(&q)) {
        struct walkthrough_row *row = rows_grow((void **)&list->rows, list->count, sizeof(*row));
        if (!row) {
            q.error = -ENOMEM;
            break;
        }
        read_walkthrough(&q, row);
        list->count++;
    }
    return query_end(&q);
}

void walkthrough_list_clear(void *list) {
    struct walkthrough_list *l = list;
    free(l->rows);
    l->rows = NULL;
    l->count = 0;
}
