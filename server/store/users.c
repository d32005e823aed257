/* Staff: who they are and how they prove it. */
#include "store/secret.h"
#include "store/sql.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400
#define FAILURE_WINDOW (15 * 60)
#define FAILURES_DEFAULT 8
#define FAILURES_ADDRESS_FACTOR 4 /* an office behind one address may err more often */
#define SESSION_DAYS_DEFAULT 14

#define USER_COLUMNS "id, email, name, role, created_at"

static void read_user(struct query *q, int first, struct user_row *ret) {
    char role[16];
    query_text(q, first, ret->id, sizeof(ret->id));
    query_text(q, first + 1, ret->email, sizeof(ret->email));
    query_text(q, first + 2, ret->name, sizeof(ret->name));
    query_text(q, first + 3, role, sizeof(role));
    ret->created_at = query_int(q, first + 4);
    if (!staff_role_parse(role, &ret->role)) {
        ret->role = ROLE_REP;
    }
}

/* Lower case; false when it cannot be an address. */
static bool tidy_email(char *email) {
    size_t n = strlen(email);
    const char *at = strchr(email, '@');
    if (n < 3 || !at || at == email || !at[1] || strchr(at + 1, '@')) {
        return false;
    }
    for (char *c = email; *c; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f || strchr("<>\"',;", *c)) {
            return false;
        }
        *c = (char)tolower((unsigned char)*c);
    }
    return true;
}

static int insert_user(struct database *db, struct user_row *user, const char *hash) {
    int error = database_check_limit(db, "SELECT count(*) FROM users", database_limits(db)->users);
    if (error) {
        return error;
    }
    struct query q = query_new(db, "INSERT INTO users(id, email, name, role, password, created_at)"
                                   " VALUES(?, ?, ?, ?, ?, ?)");
    secret_id(user->id);
    user->created_at = database_now(db);
    query_bind_text(&q, user->id);
    query_bind_text(&q, user->email);
    query_bind_text(&q, user->name);
    query_bind_text(&q, staff_role_name(user->role));
    query_bind_text(&q, hash);
    query_bind_int(&q, user->created_at);
    return query_run(&q);
}

int users_add(struct database *db, struct user_add *add) {
    char hash[SECRET_PASSWORD_MAX] = "";
    if (!tidy_email(add->user.email)) {
        return -EINVAL;
    }
    int error = add->password[0] ? secret_hash_password(add->password, hash) : 0;
    error = error ? error : database_begin(db);
    if (error) {
        return error;
    }
    int result = database_finish(db, insert_user(db, &add->user, hash));
    return result < 0 ? result : 0;
}

int users_find(struct database *db, struct user_row *user) {
    struct query q;
    if (user->id[0]) {
        q = query_new(db, "SELECT " USER_COLUMNS " FROM users WHERE id = ?");
        query_bind_text(&q, user->id);
    } else {
        for (char *c = user->email; *c; c++) {
            *c = (char)tolower((unsigned char)*c);
        }
        q = query_new(db, "SELECT " USER_COLUMNS " FROM users WHERE email = ?");
        query_bind_text(&q, user->email);
    }
    struct user_row found;
    bool any = query_row(&q);
    if (any) {
        read_user(&q, 0, &found);
    }
    int error = query_end_found(&q);
    if (!error) {
        *user = found;
    }
    return error;
}

int users_list(struct database *db, struct user_list *list) {
    struct query q = query_new(db, "SELECT " USER_COLUMNS " FROM users ORDER BY email LIMIT ?");
    list->count = 0;
    list->rows = NULL;
    query_bind_int(&q, STORE_LIST_MAX);
    while (query_row(&q)) {
        struct user_row *row = rows_grow((void **)&list->rows, list->count, sizeof(*row));
        if (!row) {
            q.error = -ENOMEM;
            break;
        }
        read_user(&q, 0, row);
        list->count++;
    }
    return query_end(&q);
}

void user_list_clear(void *list) {
    struct user_list *l = list;
    free(l->rows);
    l->rows = NULL;
    l->count = 0;
}

/* ---- Sessions ---- */

static int insert_session(struct database *db, const char *user,
                          char session[static STORE_SECRET_MAX], int64_t *ret_expires_at) {
    unsigned days = database_limits(db)->session_days;
    char digest[SECRET_DIGEST_MAX];
    secret_token(session);
    secret_digest(session, digest);
    *ret_expires_at = database_now(db) + (int64_t)(days ? days : SESSION_DAYS_DEFAULT) * DAY;
    struct query q = query_new(
        db, "INSERT INTO sessions(digest, user, created_at, expires_at) VALUES(?, ?, ?, ?)");
    query_bind_text(&q, digest);
    query_bind_text(&q, user);
    query_bind_int(&q, database_now(db));
    query_bind_int(&q, *ret_expires_at);
    int changed = query_run(&q);
    return changed < 0 ? changed : 0;
}

int sessions_end(struct database *db, struct session_end *end) {
    char digest[SECRET_DIGEST_MAX];
    secret_digest(end->session, digest);
    struct query q = query_new(db, "DELETE FROM sessions WHERE digest = ?");
    query_bind_text(&q, digest);
    int changed = query_run(&q);
    return changed < 0 ? changed : 0;
}

/* ---- Passwords ---- */

/* Seconds until `key` may try again, 0 now, or −errno. */
static int64_t wait_of(struct database *db, const char *key, unsigned most) {
    struct query q = query_new(db, "SELECT count, last_at FROM login_failures WHERE key = ?");
    int64_t wait = 0;
    query_bind_text(&q, key);
    if (query_row(&q) && query_int(&q, 0) >= most) {
        wait = query_int(&q, 1) + FAILURE_WINDOW - database_now(db);
    }
    int error = query_end(&q);
    return error ? error : wait > 0 ? wait : 0;
}

static int count_failure(struct database *db, const char *key) {
    struct query q =
        query_new(db, "INSERT INTO login_failures(key, count, last_at) VALUES(?1, 1, ?2)"
                      " ON CONFLICT(key) DO UPDATE SET last_at = ?2,"
                      " count = CASE WHEN last_at < ?2 - ?3 THEN 1 ELSE count + 1 END");
    query_bind_text(&q, key);
    query_bind_int(&q, database_now(db));
    query_bind_int(&q, FAILURE_WINDOW);
    return query_run(&q);
}

static int forget_failures(struct database *db, const char *key) {
    struct query q = query_new(db, "DELETE FROM login_failures WHERE key = ?1 OR last_at < ?2");
    query_bind_text(&q, key);
    query_bind_int(&q, database_now(db) - FAILURE_WINDOW);
    return query_run(&q);
}

static int password_of(struct database *db, const char *email, struct user_row *user,
                       char hash[static SECRET_PASSWORD_MAX]) {
    struct query q = query_new(db, "SELECT " USER_COLUMNS ", password FROM users WHERE email = ?");
    hash[0] = '\0';
    query_bind_text(&q, email);
    if (query_row(&q)) {
        read_user(&q, 0, user);
        query_text(&q, 5, hash, SECRET_PASSWORD_MAX);
    }
    return query_end(&q);
}

static int accept_login(struct database *db, struct login *login, const char *email_key) {
    int error = database_begin(db);
    if (error) {
        return error;
    }
    error = forget_failures(db, email_key);
    if (error >= 0) {
        error = insert_session(db, login->user.id, login->session, &login->expires_at);
    }
    return database_finish(db, error);
}

static int refuse_login(struct database *db, const char *email_key, const char *address_key) {
    int error = database_begin(db);
    if (error) {
        return error;
    }
    error = forget_failures(db, ""); /* old ones of everybody */
    error = error < 0 ? error : count_failure(db, email_key);
    error = error < 0 ? error : count_failure(db, address_key);
    error = database_finish(db, error);
    return error < 0 ? error : -EACCES;
}

int logins_try(struct database *db, struct login *login) {
    char email_key[STORE_EMAIL_MAX + 8], address_key[STORE_ADDRESS_MAX + 8];
    char hash[SECRET_PASSWORD_MAX];
    unsigned most = database_limits(db)->login_failures;
    most = most ? most : FAILURES_DEFAULT;
    for (char *c = login->email; *c; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    snprintf(email_key, sizeof(email_key), "email:%s", login->email);
    snprintf(address_key, sizeof(address_key), "from:%s", login->address);
    int64_t wait = wait_of(db, email_key, most);
    if (wait == 0) {
        wait = wait_of(db, address_key, most * FAILURES_ADDRESS_FACTOR);
    }
    if (wait != 0) {
        login->retry_after = wait > 0 ? wait : 0;
        return wait > 0 ? -EAGAIN : (int)wait;
    }
    int error = password_of(db, login->email, &login->user, hash);
    if (error) {
        return error;
    }
    if (secret_check_password(hash, login->password)) {
        return accept_login(db, login, email_key);
    }
    memset(&login->user, 0, sizeof(login->user));
    return refuse_login(db, email_key, address_key);
}

/* ---- One-time sign-in links ---- */

int codes_create(struct database *db, struct sign_in_code *code) {
    char digest[SECRET_DIGEST_MAX];
    snprintf(code->user.email, sizeof(code->user.email), "%s", code->email);
    code->user.id[0] = '\0';
    int error = users_find(db, &code->user);
    if (error) {
        return error;
    }
    secret_token(code->code);
    secret_digest(code->code, digest);
    code->expires_at = database_now(db) + code->lifetime;
    struct query q =
        query_new(db, "INSERT INTO sign_in_codes(digest, user, expires_at) VALUES(?, ?, ?)");
    query_bind_text(&q, digest);
    query_bind_text(&q, code->user.id);
    query_bind_int(&q, code->expires_at);
    int changed = query_run(&q);
    return changed < 0 ? changed : 0;
}

/* Deleting is using: of two that come at once, one finds the row. */
static int use_code(struct database *db, struct sign_in_code *code) {
    char digest[SECRET_DIGEST_MAX], user[ID_MAX] = "";
    int64_t expires_at = 0;
    secret_digest(code->code, digest);
    struct query q =
        query_new(db, "DELETE FROM sign_in_codes WHERE digest = ? RETURNING user, expires_at");
    query_bind_text(&q, digest);
    if (query_row(&q)) {
        query_text(&q, 0, user, sizeof(user));
        expires_at = query_int(&q, 1);
    }
    while (query_row(&q)) { /* to the end, so that the DELETE is complete */
    }
    int error = query_end(&q);
    if (error) {
        return error;
    }
    if (!user[0] || expires_at < database_now(db)) {
        return -EACCES;
    }
    memset(&code->user, 0, sizeof(code->user));
    memcpy(code->user.id, user, sizeof(user));
    error = users_find(db, &code->user);
    return error ? error : insert_session(db, user, code->session, &code->expires_at);
}

int codes_redeem(struct database *db, struct sign_in_code *code) {
    int error = database_begin(db);
    return error ? error : database_finish(db, use_code(db, code));
}

/* ---- API tokens and whoever presents something ---- */

static int insert_token(struct database *db, struct api_token *token) {
    int error =
        database_check_limit(db, "SELECT count(*) FROM api_tokens", database_limits(db)->tokens);
    if (error) {
        return error;
    }
    char digest[SECRET_DIGEST_MAX];
    secret_id(token->id);
    secret_token(token->token);
    secret_digest(token->token, digest);
    struct query q =
        query_new(db, "INSERT INTO api_tokens(id, digest, role, name, created_at, expires_at)"
                      " VALUES(?, ?, ?, ?, ?, ?)");
    query_bind_text(&q, token->id);
    query_bind_text(&q, digest);
    query_bind_text(&q, staff_role_name(token->role));
    query_bind_text(&q, token->name);
    query_bind_int(&q, database_now(db));
    query_bind_int(&q, token->expires_at);
    return query_run(&q);
}

int tokens_create(struct database *db, struct api_token *token) {
    int error = database_begin(db);
    if (error) {
        return error;
    }
    int result = database_finish(db, insert_token(db, token));
    return result < 0 ? result : 0;
}

static bool expired(const struct database *db, int64_t expires_at) {
    return expires_at && expires_at <= database_now(db);
}

static int find_session(struct database *db, struct credential *c, const char *digest) {
    struct query q =
        query_new(db, "SELECT u.id, u.email, u.name, u.role, u.created_at, s.expires_at"
                      " FROM sessions s JOIN users u ON u.id = s.user"
                      " WHERE s.digest = ?");
    query_bind_text(&q, digest);
    if (query_row(&q)) {
        read_user(&q, 0, &c->user);
        c->expires_at = query_int(&q, 5);
        c->actor = (struct actor){.kind = ACTOR_STAFF, .role = c->user.role};
        memcpy(c->actor.id, c->user.id, ID_MAX);
        memcpy(c->name, c->user.name, sizeof(c->name));
    }
    return query_end_found(&q);
}

static int find_token(struct database *db, struct credential *c, const char *digest) {
    struct query q =
        query_new(db, "SELECT id, role, name, expires_at FROM api_tokens WHERE digest = ?");
    query_bind_text(&q, digest);
    if (query_row(&q)) {
        char role[16];
        c->actor = (struct actor){.kind = ACTOR_STAFF};
        query_text(&q, 0, c->actor.id, sizeof(c->actor.id));
        query_text(&q, 1, role, sizeof(role));
        query_text(&q, 2, c->name, sizeof(c->name));
        c->expires_at = query_int(&q, 3);
        if (!staff_role_parse(role, &c->actor.role)) {
            q.error = -EIO;
        }
    }
    return query_end_found(&q);
}

static int find_invite(struct database *db, struct credential *c, const char *digest) {
    struct query q =
        query_new(db, "SELECT id, visit, name, expires_at, revoked FROM invites WHERE digest = ?");
    bool revoked = false;
    query_bind_text(&q, digest);
    if (query_row(&q)) {
        c->actor = (struct actor){.kind = ACTOR_CUSTOMER};
        query_text(&q, 0, c->actor.id, sizeof(c->actor.id));
        query_text(&q, 1, c->actor.visit, sizeof(c->actor.visit));
        query_text(&q, 2, c->name, sizeof(c->name));
        c->expires_at = query_int(&q, 3);
        revoked = query_int(&q, 4) != 0;
    }
    int error = query_end_found(&q);
    return error ? error : revoked ? -EKEYREVOKED : 0;
}

static int find_stream_key(struct database *db, struct credential *c) {
    struct query q = query_new(db, "SELECT id FROM visits WHERE stream_key = ?");
    query_bind_text(&q, c->token);
    if (query_row(&q)) {
        c->actor = (struct actor){.kind = ACTOR_ENCODER};
        query_text(&q, 0, c->actor.id, sizeof(c->actor.id));
        memcpy(c->actor.visit, c->actor.id, ID_MAX);
    }
    return query_end_found(&q);
}

int credentials_find(struct database *db, struct credential *c) {
    char digest[SECRET_DIGEST_MAX];
    int error;
    memset(&c->actor, 0, sizeof(c->actor));
    memset(&c->user, 0, sizeof(c->user));
    c->name[0] = '\0';
    c->expires_at = 0;
    secret_digest(c->token, digest);
    if (c->cookie) {
        error = find_session(db, c, digest);
    } else {
        error = find_token(db, c, digest);
        error = error == -ENOENT ? find_invite(db, c, digest) : error;
        error = error == -ENOENT ? find_stream_key(db, c) : error;
    }
    if (!error && expired(db, c->expires_at)) {
        error = -EKEYEXPIRED;
    }
    if (error) {
        memset(&c->actor, 0, sizeof(c->actor));
    }
    return error;
}
