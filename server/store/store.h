/* store/store.h: the server's way to the database: every operation of store/database.h runs on a
 * thread of the store (password hashing on one of its own) and answers by a callback on the control
 * thread. Nothing is reported as done before it is committed.
 *
 *     struct visit_row row = {.title = "…"};
 *     store_visits_create(store, &row, created, ctx);
 *     static void created(void *ctx, int result, void *argument) { struct visit_row *row =
 * argument; … }
 */
#pragma once
#include "store/database.h"

struct store;

struct store_config {
    const char *dir;
    struct database_limits limits;
    size_t waiting_max;      /* operations at once; 0: 4096 */
    void (*wake)(void *ctx); /* any thread: store_service has something to do */
    void *wake_ctx;
};

/* `result` is the operation's; `argument` (with lists in it) is valid during the call only. */
typedef void store_done(void *ctx, int result, void *argument);

/* 0 or database_open's errors, -ENOMEM. */
int store_new(const struct store_config *config, struct store **ret);

/* Runs what is queued to its end, joins the threads; callbacks that were not delivered by
 * store_service are dropped. NULL is fine. */
void store_free(struct store *store);

/* Control thread: calls the callbacks of finished operations. */
void store_service(struct store *store);

/* Control thread: operations on their way (for readiness and tests). */
size_t store_pending(const struct store *store);

/* store_NAME(store, argument, done, ctx): copies the argument and queues the operation. Operations
 * of one kind of row run in the order of the calls. 0, or -ENOBUFS (answer 503), -ENOMEM; `done` is
 * called only after 0, and may be NULL. */
#define STORE_DECLARE(name, type, lane, clear)                                                     \
    int store_##name(struct store *store, const type *argument, store_done *done, void *ctx);
STORE_OPERATIONS(STORE_DECLARE)
#undef STORE_DECLARE
