/* DESIGN: two threads (lanes), each with its own connection: DATA for everything, PASSWORDS for
 * argon2id, so that somebody who guesses passwords delays nobody else. Each takes operations from a
 * list in order, runs them, and posts the finished ones to one mailbox for the control thread. */
#include "store/store.h"

#include "base/mailbox.h"
#include "store/secret.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define WAITING_DEFAULT 4096

enum lane_name { LANE_DATA, LANE_PASSWORDS, LANE_COUNT };

struct operation_kind {
    size_t size;
    enum lane_name lane;
    int (*run)(struct database *db, void *argument);
    void (*clear)(void *argument); /* NULL: nothing to free */
};

struct operation {
    const struct operation_kind *kind;
    store_done *done;
    void *ctx;
    int result;
    struct operation *next;
    _Alignas(max_align_t) unsigned char argument[];
};

struct lane {
    struct store *store;
    struct database *db;
    pthread_t thread;
    bool running, stop;
    pthread_mutex_t lock; /* of the list and stop */
    pthread_cond_t more;
    struct operation *first, **last;
};

struct store {
    struct lane lanes[LANE_COUNT];
    struct mailbox *finished;    /* struct operation * */
    size_t pending, waiting_max; /* control thread only */
    void (*wake)(void *ctx);
    void *wake_ctx;
};

/* ---- The lanes ---- */

static void operation_free(struct operation *o) {
    if (o->kind->clear) {
        o->kind->clear(o->argument);
    }
    secret_wipe(o->argument, o->kind->size); /* passwords and tokens pass through here */
    free(o);
}

/* The next operation, or NULL when the lane is to end and nothing is left. */
static struct operation *lane_take(struct lane *lane) {
    pthread_mutex_lock(&lane->lock);
    while (!lane->first && !lane->stop) {
        pthread_cond_wait(&lane->more, &lane->lock);
    }
    struct operation *o = lane->first;
    if (o) {
        lane->first = o->next;
        if (!lane->first) {
            lane->last = &lane->first;
        }
    }
    pthread_mutex_unlock(&lane->lock);
    return o;
}

static void *lane_run(void *ctx) {
    struct lane *lane = ctx;
    struct operation *o;
    while ((o = lane_take(lane))) {
        o->result = o->kind->run(lane->db, o->argument);
        int error = mailbox_post(lane->store->finished, &o);
        assert(error == 0); /* it has room for waiting_max */
        (void)error;
        if (lane->store->wake) {
            lane->store->wake(lane->store->wake_ctx);
        }
    }
    return NULL;
}

static int lane_start(struct lane *lane, struct store *store, const struct store_config *config) {
    lane->store = store;
    lane->last = &lane->first;
    int error = database_open(config->dir, &config->limits, &lane->db);
    if (error) {
        return error;
    }
    pthread_mutex_init(&lane->lock, NULL);
    pthread_cond_init(&lane->more, NULL);
    error = pthread_create(&lane->thread, NULL, lane_run, lane);
    lane->running = error == 0;
    return -error;
}

static void lane_stop(struct lane *lane) {
    if (lane->running) {
        pthread_mutex_lock(&lane->lock);
        lane->stop = true;
        pthread_cond_signal(&lane->more);
        pthread_mutex_unlock(&lane->lock);
        pthread_join(lane->thread, NULL);
    }
    if (lane->db) {
        pthread_mutex_destroy(&lane->lock);
        pthread_cond_destroy(&lane->more);
        database_close(lane->db);
    }
}

static void lane_put(struct lane *lane, struct operation *o) {
    pthread_mutex_lock(&lane->lock);
    *lane->last = o;
    lane->last = &o->next;
    pthread_cond_signal(&lane->more);
    pthread_mutex_unlock(&lane->lock);
}

/* ---- The control thread's side ---- */

int store_new(const struct store_config *config, struct store **ret) {
    struct store *s = calloc(1, sizeof(*s));
    if (!s) {
        return -ENOMEM;
    }
    s->wake = config->wake;
    s->wake_ctx = config->wake_ctx;
    s->waiting_max = config->waiting_max ? config->waiting_max : WAITING_DEFAULT;
    s->finished = mailbox_new(sizeof(struct operation *), s->waiting_max);
    int error = s->finished ? 0 : -ENOMEM;
    for (size_t i = 0; !error && i < LANE_COUNT; i++) {
        error = lane_start(&s->lanes[i], s, config);
    }
    if (error) {
        store_free(s);
        return error;
    }
    *ret = s;
    return 0;
}

void store_free(struct store *s) {
    if (!s) {
        return;
    }
    for (size_t i = 0; i < LANE_COUNT; i++) {
        lane_stop(&s->lanes[i]);
    }
    struct operation *o;
    while (s->finished && mailbox_take(s->finished, &o)) {
        operation_free(o);
    }
    mailbox_free(s->finished);
    free(s);
}

void store_service(struct store *s) {
    struct operation *o;
    mailbox_drained(s->finished);
    while (mailbox_take(s->finished, &o)) {
        s->pending--;
        if (o->done) {
            o->done(o->ctx, o->result, o->argument);
        }
        operation_free(o);
    }
}

size_t store_pending(const struct store *s) {
    return s->pending;
}

static int call(struct store *s, const struct operation_kind *kind, const void *argument,
                store_done *done, void *ctx) {
    if (s->pending == s->waiting_max) {
        return -ENOBUFS;
    }
    struct operation *o = malloc(sizeof(*o) + kind->size);
    if (!o) {
        return -ENOMEM;
    }
    *o = (struct operation){.kind = kind, .done = done, .ctx = ctx};
    memcpy(o->argument, argument, kind->size);
    s->pending++;
    lane_put(&s->lanes[kind->lane], o);
    return 0;
}

#define STORE_DEFINE(name, type, lane_word, clear_function)                                        \
    static int run_##name(struct database *db, void *argument) {                                   \
        return name(db, argument);                                                                 \
    }                                                                                              \
    int store_##name(struct store *store, const type *argument, store_done *done, void *ctx) {     \
        static const struct operation_kind kind = {sizeof(type), LANE_##lane_word, run_##name,     \
                                                   clear_function};                                \
        return call(store, &kind, argument, done, ctx);                                            \
    }
STORE_OPERATIONS(STORE_DEFINE)
