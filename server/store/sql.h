/* store/sql.h: SQLite behind a few calls; nothing else includes it. For the files of store/ only.
 *
 *     struct query q = query_new(db, "SELECT a FROM t WHERE id = ?");
 *     query_bind_text(&q, id);
 *     if (query_row(&q)) { query_text(&q, 0, to, sizeof(to)); }
 *     return query_end(&q);
 *
 * Errors stick: after one, rows and binds do nothing and query_end gives it. */
#pragma once
#include "store/database.h"

#include <stdbool.h>

/* `sql` must be a string literal: its address is the key of the statement cache. */
struct query {
    struct database *db;
    void *statement;
    int bound;
    int error;
    unsigned rows;
};

struct query query_new(struct database *db, const char *sql);
void query_bind_text(struct query *q, const char *text);         /* must live until query_end */
void query_bind_text_or_null(struct query *q, const char *text); /* "" becomes NULL */
void query_bind_int(struct query *q, int64_t number);
void query_bind_real(struct query *q, double number);
bool query_row(struct query *q); /* false at the end or on an error */
void query_text(struct query *q, int column, char *to, size_t size);
int64_t query_int(struct query *q, int column);
double query_real(struct query *q, int column);

/* 0 or the first error. */
int query_end(struct query *q);
/* Likewise for a SELECT that must find something: -ENOENT when no row came. */
int query_end_found(struct query *q);
/* Runs a statement without rows: the number of changed rows or the error. */
int query_run(struct query *q);

/* BEGIN IMMEDIATE; then database_finish commits when `result` ≥ 0 and otherwise rolls back. */
int database_begin(struct database *db);
int database_finish(struct database *db, int result);

int64_t database_now(const struct database *db); /* Unix seconds */
const struct database_limits *database_limits(const struct database *db);

/* -ENOSPC when `count_sql` (a literal with one number as its row and no parameter) has reached
 * `most`. */
int database_check_limit(struct database *db, const char *count_sql, size_t most);

/* `most` rows of `row_size` bytes at most: room for one more at (*rows)[count]. NULL without
 * memory. */
void *rows_grow(void **rows, size_t count, size_t row_size);

size_t list_limit(size_t wanted); /* 1 … STORE_LIST_MAX */
