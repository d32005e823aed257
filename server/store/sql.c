#include "store/sql.h"

#include "base/log.h"
#include "store/migrations.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BUSY_MILLISECONDS 10000
#define STATEMENTS_MAX 160 /* more than there are literals in store/ */

struct database {
    sqlite3 *handle;
    struct database_limits limits;
    int64_t fixed_clock; /* tests; 0: the real one */
    size_t statement_count;
    struct {
        const char *sql;
        sqlite3_stmt *statement;
    } statements[STATEMENTS_MAX];
};

static int error_of(const struct database *db, int code) {
    switch (sqlite3_extended_errcode(db->handle)) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
        return -EEXIST;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return -EINVAL;
    default:
        break;
    }
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return -EACCES;
    case SQLITE_NOMEM:
        return -ENOMEM;
    default:
        log_error("store.failed", "code=%d message=\"%s\"", code, sqlite3_errmsg(db->handle));
        return -EIO;
    }
}

/* ---- Opening ---- */

static int make_file(const char *dir, char *path, size_t size) {
    if ((size_t)snprintf(path, size, "%s/parlour.db", dir) >= size) {
        return -ENAMETOOLONG;
    }
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return -errno;
    }
    if (access(dir, W_OK | X_OK) != 0) {
        return -errno;
    }
    /* Only a file that is not there yet is opened here: closing a descriptor of a file drops every
     * POSIX lock this process holds on it (fcntl(2)), those of an open connection too, and the next
     * process to leave would take itself for the last one and remove the log under our feet. */
    int fd =
        open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* -wal and -shm take its mode */
    if (fd < 0) {
        return errno == EEXIST && access(path, R_OK | W_OK) == 0 ? 0 : -errno;
    }
    close(fd);
    return 0;
}

static int execute(struct database *db, const char *sql) {
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : error_of(db, code);
}

static int user_version(struct database *db, int64_t *ret) {
    struct query q = query_new(db, "PRAGMA user_version");
    if (query_row(&q)) {
        *ret = query_int(&q, 0);
    }
    return query_end_found(&q);
}

static int migrate(struct database *db) {
    int64_t version = 0;
    int error = user_version(db, &version);
    if (error || version == (int64_t)migration_count) {
        return error;
    }
    error = database_begin(db); /* somebody else may have migrated meanwhile: look again */
    if (!error) {
        error = user_version(db, &version);
    }
    if (!error && version > (int64_t)migration_count) {
        error = -EPROTO;
    }
    for (size_t i = (size_t)version; !error && i < migration_count; i++) {
        char set_version[48];
        snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %zu", i + 1);
        error = execute(db, migrations[i]);
        error = error ? error : execute(db, set_version);
    }
    return database_finish(db, error);
}

static int prune(struct database *db) {
    struct query q = query_new(db, "DELETE FROM sessions WHERE expires_at < ?");
    query_bind_int(&q, database_now(db));
    int error = query_run(&q);
    q = query_new(db, "DELETE FROM sign_in_codes WHERE expires_at < ?");
    query_bind_int(&q, database_now(db));
    return error < 0 ? error : query_run(&q);
}

int database_open(const char *dir, const struct database_limits *limits, struct database **ret) {
    char path[STORE_PATH_MAX + 16];
    int error = make_file(dir, path, sizeof(path));
    if (error) {
        return error;
    }
    struct database *db = calloc(1, sizeof(*db));
    if (!db) {
        return -ENOMEM;
    }
    if (limits) {
        db->limits = *limits;
    }
    int code =
        sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    error = code == SQLITE_OK ? 0 : db->handle ? error_of(db, code) : -ENOMEM;
    if (!error) {
        sqlite3_busy_timeout(db->handle, BUSY_MILLISECONDS);
        error = execute(db, "PRAGMA journal_mode = WAL;"
                            "PRAGMA synchronous = FULL;"
                            "PRAGMA foreign_keys = ON;"
                            "PRAGMA trusted_schema = OFF;");
    }
    error = error ? error : migrate(db);
    if (!error) {
        int pruned = prune(db);
        error = pruned < 0 && pruned != -EBUSY ? pruned : 0;
    }
    if (error) {
        database_close(db);
        return error;
    }
    *ret = db;
    return 0;
}

void database_close(struct database *db) {
    if (!db) {
        return;
    }
    for (size_t i = 0; i < db->statement_count; i++) {
        sqlite3_finalize(db->statements[i].statement);
    }
    sqlite3_close(db->handle);
    free(db);
}

void database_set_clock(struct database *db, int64_t unix_seconds) {
    db->fixed_clock = unix_seconds;
}

int64_t database_now(const struct database *db) {
    return db->fixed_clock ? db->fixed_clock : (int64_t)time(NULL);
}

const struct database_limits *database_limits(const struct database *db) {
    return &db->limits;
}

/* ---- Queries ---- */

struct query query_new(struct database *db, const char *sql) {
    struct query q = {.db = db};
    for (size_t i = 0; i < db->statement_count; i++) {
        if (db->statements[i].sql == sql) {
            q.statement = db->statements[i].statement;
            return q;
        }
    }
    sqlite3_stmt *statement = NULL;
    assert(db->statement_count < STATEMENTS_MAX);
    int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    if (code != SQLITE_OK) {
        q.error = error_of(db, code);
        return q;
    }
    db->statements[db->statement_count].sql = sql;
    db->statements[db->statement_count++].statement = statement;
    q.statement = statement;
    return q;
}

static void check_bind(struct query *q, int code) {
    if (code != SQLITE_OK && !q->error) {
        q->error = error_of(q->db, code);
    }
}

void query_bind_text(struct query *q, const char *text) {
    if (!q->error) {
        check_bind(q, sqlite3_bind_text(q->statement, ++q->bound, text, -1, SQLITE_STATIC));
    }
}

void query_bind_text_or_null(struct query *q, const char *text) {
    if (text[0]) {
        query_bind_text(q, text);
    } else if (!q->error) {
        check_bind(q, sqlite3_bind_null(q->statement, ++q->bound));
    }
}

void query_bind_int(struct query *q, int64_t number) {
    if (!q->error) {
        check_bind(q, sqlite3_bind_int64(q->statement, ++q->bound, number));
    }
}

void query_bind_real(struct query *q, double number) {
    if (!q->error) {
        check_bind(q, sqlite3_bind_double(q->statement, ++q->bound, number));
    }
}

bool query_row(struct query *q) {
    if (q->error) {
        return false;
    }
    int code = sqlite3_step(q->statement);
    if (code == SQLITE_ROW) {
        q->rows++;
        return true;
    }
    if (code != SQLITE_DONE) {
        q->error = error_of(q->db, code);
    }
    return false;
}

void query_text(struct query *q, int column, char *to, size_t size) {
    const char *text = (const char *)sqlite3_column_text(q->statement, column);
    snprintf(to, size, "%s", text ? text : "");
}

int64_t query_int(struct query *q, int column) {
    return sqlite3_column_int64(q->statement, column);
}

double query_real(struct query *q, int column) {
    return sqlite3_column_double(q->statement, column);
}

int query_end(struct query *q) {
    if (q->statement) {
        sqlite3_reset(q->statement);
        sqlite3_clear_bindings(q->statement);
    }
    return q->error;
}

int query_end_found(struct query *q) {
    int error = query_end(q);
    return error ? error : q->rows ? 0 : -ENOENT;
}

int query_run(struct query *q) {
    while (query_row(q)) {
    }
    int changed = sqlite3_changes(q->db->handle);
    int error = query_end(q);
    return error ? error : changed;
}

int database_begin(struct database *db) {
    return execute(db, "BEGIN IMMEDIATE");
}

int database_finish(struct database *db, int result) {
    if (result >= 0) {
        int error = execute(db, "COMMIT");
        if (!error) {
            return result;
        }
        result = error;
    }
    if (!sqlite3_get_autocommit(db->handle)) {
        execute(db, "ROLLBACK");
    }
    return result;
}

int database_check_limit(struct database *db, const char *count_sql, size_t most) {
    if (most == 0) {
        return 0;
    }
    struct query q = query_new(db, count_sql);
    bool full = query_row(&q) && (uint64_t)query_int(&q, 0) >= most;
    int error = query_end(&q);
    return error ? error : full ? -ENOSPC : 0;
}

void *rows_grow(void **rows, size_t count, size_t row_size) {
    if (count % 16 == 0) {
        void *larger = realloc(*rows, (count + 16) * row_size);
        if (!larger) {
            return NULL;
        }
        *rows = larger;
    }
    void *row = (char *)*rows + count * row_size;
    memset(row, 0, row_size);
    return row;
}

size_t list_limit(size_t wanted) {
    return wanted == 0 || wanted > STORE_LIST_MAX ? STORE_LIST_MAX : wanted;
}
