#include "signal/disk_sync.h"
#include "base/mailbox.h"
#include "signal/server.h"
#include "signal/state.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define WAITING_MAX 512

struct work {
    int fd, result;
    disk_sync_done *done;
    void *ctx;
};

struct disk_sync {
    struct signal *s;
    pthread_t thread;
    bool running, stop;
    pthread_mutex_t lock; /* of todo and stop */
    pthread_cond_t more;
    struct work todo[WAITING_MAX];
    size_t first, count;
    size_t pending; /* control thread only: asked and not told */
    struct mailbox *finished;
};

static bool take(struct disk_sync *d, struct work *ret) {
    pthread_mutex_lock(&d->lock);
    while (d->count == 0 && !d->stop) {
        pthread_cond_wait(&d->more, &d->lock);
    }
    bool some = d->count > 0;
    if (some) {
        *ret = d->todo[d->first];
        d->first = (d->first + 1) % WAITING_MAX;
        d->count--;
    }
    pthread_mutex_unlock(&d->lock);
    return some;
}

static void *run(void *ctx) {
    struct disk_sync *d = ctx;
    struct work w;

    while (take(d, &w)) {
        w.result = fdatasync(w.fd) < 0 ? -errno : 0;
        close(w.fd);
        mailbox_post(d->finished, &w); /* it has room for all that may be pending */
        signal_wake(d->s);
    }
    return NULL;
}

int disk_sync_new(struct signal *s) {
    struct disk_sync *d = calloc(1, sizeof *d);

    if (d == NULL) {
        return -ENOMEM;
    }
    s->disk_sync = d;
    d->s = s;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->more, NULL);
    d->finished = mailbox_new(sizeof(struct work), WAITING_MAX);
    if (d->finished == NULL) {
        return -ENOMEM;
    }
    int error = pthread_create(&d->thread, NULL, run, d);
    d->running = error == 0;
    return -error;
}

void disk_sync_free(struct signal *s) {
    struct disk_sync *d = s->disk_sync;

    if (d == NULL) {
        return;
    }
    if (d->running) {
        pthread_mutex_lock(&d->lock);
        d->stop = true;
        pthread_cond_signal(&d->more);
        pthread_mutex_unlock(&d->lock);
        pthread_join(d->thread, NULL);
    }
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->more);
    mailbox_free(d->finished);
    free(d);
    s->disk_sync = NULL;
}

int disk_sync(struct signal *s, int fd, disk_sync_done *done, void *ctx) {
    struct disk_sync *d = s->disk_sync;

    if (d == NULL || d->pending == WAITING_MAX) { /* NULL: the end is near */
        return -ENOBUFS;
    }
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        return -errno;
    }
    d->pending++;
    pthread_mutex_lock(&d->lock);
    d->todo[(d->first + d->count++) % WAITING_MAX] =
        (struct work){.fd = copy, .done = done, .ctx = ctx};
    pthread_cond_signal(&d->more);
    pthread_mutex_unlock(&d->lock);
    return 0;
}

void disk_sync_service(struct signal *s) {
    struct work w;

    if (s->disk_sync == NULL) {
        return;
    }
    mailbox_drained(s->disk_sync->finished);
    while (mailbox_take(s->disk_sync->finished, &w)) {
        s->disk_sync->pending--;
        w.done(w.ctx, w.result);
    }
}
