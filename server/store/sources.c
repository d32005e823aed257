/* Live sources: what a company keeps on its shop floor, with the keys and ports that it is given.
 */
#include "store/secret.h"
#include "store/sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_COLUMNS                                                                             \
    "id, name, kind, url, passphrase, key, walkthroughs, stream_key, coalesce(port, 0),"           \
    " created_at, updated_at"
#define JOINED_MAX (STORE_SOURCE_WALKTHROUGHS * ID_MAX)

static const char *const kind_names[] = {
    [INPUT_RTMP] = "rtmp", [INPUT_SRT] = "srt",           [INPUT_SRT_CALLER] = "srt-caller",
    [INPUT_RTSP] = "rtsp", [INPUT_PLAYLIST] = "playlist", [INPUT_TEST] = "test",
};

const char *input_kind_name(enum input_kind kind) {
    return kind_names[kind];
}

bool input_kind_parse(const char *name, enum input_kind *ret) {
    for (size_t i = 0; i < sizeof(kind_names) / sizeof(*kind_names); i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            *ret = (enum input_kind)i;
            return true;
        }
    }
    return false;
}

static void join(const struct source_row *s, char ret[static JOINED_MAX]) {
    size_t n = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < s->walkthrough_count && i < STORE_SOURCE_WALKTHROUGHS; i++) {
        n += (size_t)snprintf(ret + n, JOINED_MAX - n, "%s%s", i ? "," : "", s->walkthroughs[i]);
    }
}

static void part(const char *joined, struct source_row *ret) {
    const char *at = joined;
    while (*at && ret->walkthrough_count < STORE_SOURCE_WALKTHROUGHS) {
        size_t n = strcspn(at, ",");
        if (n < ID_MAX) {
            memcpy(ret->walkthroughs[ret->walkthrough_count], at, n);
            ret->walkthroughs[ret->walkthrough_count++][n] = '\0';
        }
        at += n + (at[n] == ',');
    }
}

static void read_source(struct query *q, struct source_row *ret) {
    char joined[JOINED_MAX];
    memset(ret, 0, sizeof(*ret));
    query_text(q, 0, ret->id, sizeof(ret->id));
    query_text(q, 1, ret->name, sizeof(ret->name));
    ret->kind = (enum input_kind)query_int(q, 2);
    query_text(q, 3, ret->url, sizeof(ret->url));
    query_text(q, 4, ret->passphrase, sizeof(ret->passphrase));
    query_text(q, 5, ret->key, sizeof(ret->key));
    query_text(q, 6, joined, sizeof(joined));
    part(joined, ret);
    query_text(q, 7, ret->stream_key, sizeof(ret->stream_key));
    ret->port = (uint16_t)query_int(q, 8);
    ret->created_at = query_int(q, 9);
    ret->updated_at = query_int(q, 10);
}

/* The first port of the range that no source has. */
static int choose_port(struct database *db, struct source_row *s) {
    struct query q = query_new(db, "SELECT port FROM sources WHERE port >= ? ORDER BY port");
    unsigned free_port = s->port_first;
    query_bind_int(&q, s->port_first);
    while (query_row(&q) && (int64_t)free_port == query_int(&q, 0)) {
        free_port++;
    }
    int error = query_end(&q);
    if (error) {
        return error;
    }
    if (free_port == 0 || free_port > s->port_last) {
        return -ENOSPC;
    }
    s->port = (uint16_t)free_port;
    return 0;
}

static int insert(struct database *db, struct source_row *s) {
    char joined[JOINED_MAX];
    int error =
        database_check_limit(db, "SELECT count(*) FROM sources", database_limits(db)->sources);
    s->port = 0;
    if (!error && s->kind == INPUT_SRT) {
        error = choose_port(db, s);
    }
    if (error) {
        return error;
    }
    secret_id(s->id);
    secret_token(s->stream_key);
    s->created_at = s->updated_at = database_now(db);
    join(s, joined);
    struct query q = query_new(db, "INSERT INTO sources(id, name, kind, url, passphrase, key,"
                                   " walkthroughs, stream_key, port, created_at, updated_at)"
                                   " VALUES(?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0), ?, ?)");
    query_bind_text(&q, s->id);
    query_bind_text(&q, s->name);
    query_bind_int(&q, s->kind);
    query_bind_text(&q, s->url);
    query_bind_text(&q, s->passphrase);
    query_bind_text(&q, s->key);
    query_bind_text(&q, joined);
    query_bind_text(&q, s->stream_key);
    query_bind_int(&q, s->port);
    query_bind_int(&q, s->created_at);
    query_bind_int(&q, s->updated_at);
    return query_run(&q);
}

int sources_create(struct database *db, struct source_row *source) {
    int error = database_begin(db);
    if (error) {
        return error;
    }
    int result = database_finish(db, insert(db, source));
    return result < 0 ? result : 0;
}

int sources_get(struct database *db, struct source_row *source) {
    struct query q = query_new(db, "SELECT " SOURCE_COLUMNS " FROM sources WHERE id = ?");
    char id[ID_MAX]; /* stays bound while the row is overwritten */
    memcpy(id, source->id, sizeof(id));
    query_bind_text(&q, id);
    if (query_row(&q)) {
        read_source(&q, source);
    }
    return query_end_found(&q);
}

int sources_change(struct database *db, struct source_row *s) {
    char joined[JOINED_MAX], stream_key[SECRET_TOKEN_SIZE + 1];
    struct query q =
        query_new(db, "UPDATE sources SET name = iif(?2 & 1, ?3, name), url = iif(?2 & 2, ?4, url),"
                      " walkthroughs = iif(?2 & 4, ?5, walkthroughs),"
                      " passphrase = iif(?2 & 8, ?6, passphrase), key = iif(?2 & 16, ?7, key),"
                      " stream_key = iif(?2 & 32, ?8, stream_key), updated_at = ?9 WHERE id = ?1");
    join(s, joined);
    secret_token(stream_key);
    query_bind_text(&q, s->id);
    query_bind_int(&q, s->fields);
    query_bind_text(&q, s->name);
    query_bind_text(&q, s->url);
    query_bind_text(&q, joined);
    query_bind_text(&q, s->passphrase);
    query_bind_text(&q, s->key);
    query_bind_text(&q, stream_key);
    query_bind_int(&q, database_now(db));
    int changed = query_run(&q);
    if (changed <= 0) {
        return changed < 0 ? changed : -ENOENT;
    }
    return sources_get(db, s);
}

static int delete_row(struct database *db, struct source_row *s) {
    int error = sources_get(db, s);
    if (error) {
        return error;
    }
    struct query q = query_new(db, "DELETE FROM sources WHERE id = ?");
    query_bind_text(&q, s->id);
    int changed = query_run(&q);
    return changed < 0 ? changed : 0;
}

int sources_delete(struct database *db, struct source_row *source) {
    int error = database_begin(db);
    if (error) {
        return error;
    }
    int result = database_finish(db, delete_row(db, source));
    return result < 0 ? result : 0;
}

int sources_list(struct database *db, struct source_list *list) {
    struct query q = query_new(db, "SELECT " SOURCE_COLUMNS
                                   " FROM sources ORDER BY number DESC LIMIT ? OFFSET ?");
    list->count = 0;
    list->rows = NULL;
    query_bind_int(&q, (int64_t)list_limit(list->limit));
    query_bind_int(&q, (int64_t)list->offset);
    while (query_row(&q)) {
        struct source_row *row = rows_grow((void **)&list->rows, list->count, sizeof(*row));
        if (!row) {
            q.error = -ENOMEM;
            break;
        }
        read_source(&q, row);
        list->count++;
    }
    return query_end(&q);
}

void source_list_clear(void *list) {
    struct source_list *l = list;
    free(l->rows);
    l->rows = NULL;
    l->count = 0;
}
