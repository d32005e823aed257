/* Invites: a link for one customer to one visit. */
#include "store/secret.h"
#include "store/visits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INVITE_COLUMNS "i.id, i.visit, i.name, i.expires_at, i.created_at, i.opened_at, i.revoked"
#define INVITE_COLUMN_COUNT 7

static void read_invite(struct query *q, struct invite_row *ret) {
    memset(ret, 0, sizeof(*ret));
    query_text(q, 0, ret->id, sizeof(ret->id));
    query_text(q, 1, ret->visit, sizeof(ret->visit));
    query_text(q, 2, ret->name, sizeof(ret->name));
    ret->expires_at = query_int(q, 3);
    ret->created_at = query_int(q, 4);
    ret->opened_at = query_int(q, 5);
    ret->revoked = query_int(q, 6) != 0;
}

/* The visit exists, has not ended, and has room for one more. */
static int check_visit(struct database *db, const char *visit) {
    size_t most = database_limits(db)->invites_per_visit;
    struct query q = query_new(db, "SELECT state, (SELECT count(*) FROM invites WHERE visit = ?1)"
                                   " FROM visits WHERE id = ?1");
    int error = 0;
    query_bind_text(&q, visit);
    if (query_row(&q)) {
        if (query_int(&q, 0) == VISIT_ENDED) {
            error = -EPERM;
        } else if (most && (uint64_t)query_int(&q, 1) >= most) {
            error = -ENOSPC;
        }
    }
    int failed = query_end_found(&q);
    return failed ? failed : error;
}

static int insert(struct database *db, struct invite_row *invite) {
    char digest[SECRET_DIGEST_MAX];
    int error = check_visit(db, invite->visit);
    if (error) {
        return error;
    }
    secret_id(invite->id);
    secret_token(invite->token);
    secret_digest(invite->token, digest);
    invite->created_at = database_now(db);
    invite->opened_at = 0;
    invite->revoked = false;
    struct query q =
        query_new(db, "INSERT INTO invites(id, visit, digest, name, created_at,"
                      " expires_at, opened_at, revoked) VALUES(?, ?, ?, ?, ?, ?, 0, 0)");
    query_bind_text(&q, invite->id);
    query_bind_text(&q, invite->visit);
    query_bind_text(&q, digest);
    query_bind_text(&q, invite->name);
    query_bind_int(&q, invite->created_at);
    query_bind_int(&q, invite->expires_at);
    return query_run(&q);
}

int invites_create(struct database *db, struct invite_row *invite) {
    int error = database_begin(db);
    if (error) {
        return error;
    }
    int result = database_finish(db, insert(db, invite));
    return result < 0 ? result : 0;
}

int invites_list(struct database *db, struct invite_list *list) {
    struct query q = query_new(db, "SELECT " INVITE_COLUMNS " FROM invites i WHERE i.visit = ?"
                                   " ORDER BY i.number DESC LIMIT ?");
    list->count = 0;
    list->rows = NULL;
    query_bind_text(&q, list->visit);
    query_bind_int(&q, STORE_LIST_MAX);
    while (query_row(&q)) {
        struct invite_row *row = rows_grow((void **)&list->rows, list->count, sizeof(*row));
        if (!row) {
            q.error = -ENOMEM;
            break;
        }
        read_invite(&q, row);
        list->count++;
    }
    return query_end(&q);
}

void invite_list_clear(void *list) {
    struct invite_list *l = list;
    free(l->rows);
    l->rows = NULL;
    l->count = 0;
}

int invites_revoke(struct database *db, struct invite_row *invite) {
    struct query q =
        query_new(db, "UPDATE invites AS i SET revoked = 1 WHERE i.id = ? AND i.visit = ?"
                      " RETURNING id, visit, name, expires_at, created_at, opened_at,"
                      " revoked");
    struct invite_row found;
    query_bind_text(&q, invite->id);
    query_bind_text(&q, invite->visit);
    while (query_row(&q)) {
        read_invite(&q, &found);
    }
    int error = query_end_found(&q);
    if (!error) {
        *invite = found;
    }
    return error;
}

/* Whether it still opens its visit. */
static int judge(struct database *db, const struct invite_row *invite) {
    if (invite->revoked) {
        return -EKEYREVOKED;
    }
    return invite->expires_at && invite->expires_at <= database_now(db) ? -EKEYEXPIRED : 0;
}

int invites_check(struct database *db, struct invite_row *invite) {
    struct query q =
        query_new(db, "SELECT " INVITE_COLUMNS " FROM invites i WHERE i.id = ? AND i.visit = ?");
    struct invite_row found;
    query_bind_text(&q, invite->id);
    query_bind_text(&q, invite->visit);
    if (query_row(&q)) {
        read_invite(&q, &found);
    }
    int error = query_end_found(&q);
    return error ? error : judge(db, &found);
}

static int look_up(struct database *db, struct invite_open *open) {
    char digest[SECRET_DIGEST_MAX];
    secret_digest(open->token, digest);
    struct query q = query_new(db, "SELECT " INVITE_COLUMNS ", " VISIT_COLUMNS " FROM " VISIT_TABLES
                                   " JOIN invites i ON i.visit = v.id WHERE i.digest = ?");
    query_bind_text(&q, digest);
    if (query_row(&q)) {
        read_invite(&q, &open->invite);
        visit_row_read(&q, INVITE_COLUMN_COUNT, &open->visit);
    }
    int error = query_end_found(&q);
    return error ? error : judge(db, &open->invite);
}

int invites_open(struct database *db, struct invite_open *open) {
    open->first = false;
    int error = look_up(db, open);
    if (error || !open->mark || open->invite.opened_at) {
        return error;
    }
    struct query q =
        query_new(db, "UPDATE invites SET opened_at = ? WHERE id = ? AND opened_at = 0");
    open->invite.opened_at = database_now(db);
    query_bind_int(&q, open->invite.opened_at);
    query_bind_text(&q, open->invite.id);
    int changed = query_run(&q);
    open->first = changed > 0;
    return changed < 0 ? changed : 0;
}
