/* Questions asked at a second of a walkthrough, and their answers. */
#include "store/secret.h"
#include "store/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define QUESTION_SELECT                                                                            \
    "SELECT q.id, q.walkthrough, w.slug, w.title, q.t, q.text, q.name, q.words,"                   \
    " coalesce(q.clip, ''), coalesce(c.slug, ''), coalesce(c.state, 0),"                           \
    " coalesce(c.directory <> '' AND c.published, 0), q.parked, q.created_at, q.answered_at"       \
    " FROM film_questions q JOIN walkthroughs w ON w.id = q.walkthrough"                           \
    " LEFT JOIN walkthroughs c ON c.id = q.clip"
/* There are words, or a clip that plays. */
#define IS_ANSWERED "(q.words <> '' OR coalesce(c.directory <> '' AND c.published, 0))"

static void read_question(struct query *q, struct film_question_row *ret) {
    memset(ret, 0, sizeof(*ret));
    query_text(q, 0, ret->id, sizeof(ret->id));
    query_text(q, 1, ret->walkthrough, sizeof(ret->walkthrough));
    query_text(q, 2, ret->slug, sizeof(ret->slug));
    query_text(q, 3, ret->title, sizeof(ret->title));
    ret->t = query_real(q, 4);
    query_text(q, 5, ret->text, sizeof(ret->text));
    query_text(q, 6, ret->name, sizeof(ret->name));
    query_text(q, 7, ret->words, sizeof(ret->words));
    query_text(q, 8, ret->clip, sizeof(ret->clip));
    query_text(q, 9, ret->clip_slug, sizeof(ret->clip_slug));
    ret->clip_state = (enum walkthrough_state)query_int(q, 10);
    ret->clip_plays = query_int(q, 11) != 0;
    ret->parked = query_int(q, 12) != 0;
    ret->created_at = query_int(q, 13);
    ret->answered_at = query_int(q, 14);
}

/* -ENOSPC when the walkthrough has as many as it may. */
static int check_room(struct database *db, const struct film_question_row *row) {
    struct query q = query_new(db, "SELECT count(*) FROM film_questions WHERE walkthrough = ?");
    size_t most = database_limits(db)->film_questions, count = 0;
    query_bind_text(&q, row->walkthrough);
    if (query_row(&q)) {
        count = (size_t)query_int(&q, 0);
    }
    int error = query_end(&q);
    return error ? error : most > 0 && count >= most ? -ENOSPC : 0;
}

static int insert(struct database *db, struct film_question_row *row) {
    char digest[SECRET_DIGEST_MAX];
    int error = check_room(db, row);
    if (error) {
        return error;
    }
    secret_id(row->id);
    secret_token(row->token);
    secret_digest(row->token, digest);
    row->created_at = database_now(db);
    struct query q =
        query_new(db, "INSERT INTO film_questions(id, walkthrough, t, text, name, digest,"
                      " created_at) VALUES(?, ?, ?, ?, ?, ?, ?)");
    query_bind_text(&q, row->id);
    query_bind_text(&q, row->walkthrough);
    query_bind_real(&q, row->t);
    query_bind_text(&q, row->text);
    query_bind_text(&q, row->name);
    query_bind_text(&q, digest);
    query_bind_int(&q, row->created_at);
    return query_run(&q);
}

int film_questions_create(struct database *db, struct film_question_row *row) {
    int error = database_begin(db);
    if (error) {
        return error;
    }
    int result = database_finish(db, insert(db, row));
    return result < 0 ? result : 0;
}

int film_questions_get(struct database *db, struct film_question_row *row) {
    struct query q = query_new(db, QUESTION_SELECT " WHERE q.id = ?");
    char id[ID_MAX]; /* stays bound while the row is overwritten */
    memcpy(id, row->id, sizeof(id));
    query_bind_text(&q, id);
    if (query_row(&q)) {
        read_question(&q, row);
    }
    return query_end_found(&q);
}

int film_questions_change(struct database *db, struct film_question_row *row) {
    struct query q = query_new(
        db,
        "UPDATE film_questions SET words = iif(?2 & 1, ?3, words), clip = iif(?2 & 2, ?4, clip),"
        " parked = iif(?2 & 4, ?5, parked), answered_at = iif(?2 & 3, ?6, answered_at)"
        " WHERE id = ?1");
    bool answers = row->words[0] != '\0' || row->clip[0] != '\0';
    query_bind_text(&q, row->id);
    query_bind_int(&q, row->fields);
    query_bind_text(&q, row->words);
    query_bind_text_or_null(&q, row->clip);
    query_bind_int(&q, row->parked);
    query_bind_int(&q, answers ? database_now(db) : 0);
    int changed = query_run(&q);
    if (changed <= 0) {
        return changed < 0 ? changed : -ENOENT;
    }
    return film_questions_get(db, row);
}

int film_questions_delete(struct database *db, struct film_question_row *row) {
    char digest[SECRET_DIGEST_MAX] = "";
    struct query q = query_new(db, "DELETE FROM film_questions WHERE id = ?1"
                                   " AND (?2 = '' OR digest = ?2)");
    if (row->token[0] != '\0') {
        secret_digest(row->token, digest);
    }
    query_bind_text(&q, row->id);
    query_bind_text(&q, digest);
    int changed = query_run(&q);
    return changed < 0 ? changed : changed ? 0 : -ENOENT;
}

int film_questions_list(struct database *db, struct film_question_list *list) {
    struct query q =
        list->answered_only
            ? query_new(db, QUESTION_SELECT
                        " WHERE q.walkthrough = ?1 AND NOT q.parked AND " IS_ANSWERED
                        " ORDER BY q.t, q.number LIMIT ?2 OFFSET ?3")
            : query_new(db, QUESTION_SELECT " WHERE ?1 = '' OR q.walkthrough = ?1"
                                            " ORDER BY q.number DESC LIMIT ?2 OFFSET ?3");
    list->count = 0;
    list->rows = NULL;
    query_bind_text(&q, list->walkthrough);
    query_bind_int(&q, (int64_t)list_limit(list->limit));
    query_bind_int(&q, (int64_t)list->offset);
    while (query_row(&q)) {
        struct film_question_row *row = rows_grow((void **)&list->rows, list->count, sizeof(*row));
        if (!row) {
            q.error = -ENOMEM;
            break;
        }
        read_question(&q, row);
        list->count++;
    }
    return query_end(&q);
}

void film_question_list_clear(void *list) {
    struct film_question_list *l = list;
    free(l->rows);
    l->rows = NULL;
    l->count = 0;
}
