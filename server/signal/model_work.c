#include "signal/model_work.h"
#include "base/mailbox.h"
#include "model/glb.h"
#include "model/usdz.h"
#include "signal/files.h"
#include "signal/server.h"
#include "signal/state.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WAITING_MAX 32
#define LEAST_EDGE 0.01 /* metres: of a block whose edge nobody has told */

struct work {
    struct model_task task;
    int result;
    model_work_done *done;
    void *ctx;
};

struct model_work {
    struct signal *s;
    pthread_t thread;
    bool running, stop;
    pthread_mutex_t lock; /* of todo and stop */
    pthread_cond_t more;
    struct work todo[WAITING_MAX];
    size_t first, count;
    size_t pending; /* control thread only: asked and not told */
    struct mailbox *finished;
    uint64_t model_max;
};

/* ---- the thread ---- */

static int write_package(const struct model *m, double scale, const char *out) {
    char half[MODEL_WORK_PATH_MAX + 8];

    snprintf(half, sizeof half, "%s.part", out);
    FILE *to = fopen(half, "wbe");
    if (to == NULL) {
        return -errno;
    }
    int r = usdz_write(m, scale, to);
    if (fclose(to) != 0 && r == 0) {
        r = -EIO;
    }
    if (r == 0 && rename(half, out) < 0) {
        r = -errno;
    }
    if (r < 0) {
        unlink(half);
    }
    return r;
}

static double edge(double mm) {
    return mm > 0 ? mm / 1000 : LEAST_EDGE;
}

static int make_block(const struct model_task *t) {
    struct model *m =
        model_box((float)edge(t->size[0]), (float)edge(t->size[1]), (float)edge(t->size[2]));
    int r = m != NULL ? write_package(m, 1, t->out) : -ENOMEM;

    model_free(m);
    return r;
}

static int read_model(struct model_task *t, uint64_t most) {
    struct model *m = NULL;
    char *file = NULL;
    size_t n = 0;
    int r = file_read(t->model, most, &file, &n);

    if (r == 0) {
        r = glb_read(bytes_of(file, n), &m, t->words);
    }
    for (int axis = 0; r == 0 && axis < 3; axis++) {
        t->extent[axis] = 1000.0 * ((double)m->max[axis] - (double)m->min[axis]);
    }
    if (r == 0 && t->out[0] != '\0') {
        r = write_package(m, model_scale(t->extent, t->size), t->out);
    }
    model_free(m);
    free(file);
    return r;
}

static bool take(struct model_work *w, struct work *ret) {
    pthread_mutex_lock(&w->lock);
    while (w->count == 0 && !w->stop) {
        pthread_cond_wait(&w->more, &w->lock);
    }
    bool some = w->count > 0 && !w->stop;
    if (some) {
        *ret = w->todo[w->first];
        w->first = (w->first + 1) % WAITING_MAX;
        w->count--;
    }
    pthread_mutex_unlock(&w->lock);
    return some;
}

static void *run(void *ctx) {
    struct model_work *w = ctx;
    struct work now;

    while (take(w, &now)) {
        bool there = now.task.out[0] != '\0' && access(now.task.out, R_OK) == 0;
        now.result = there                       ? 0
                     : now.task.model[0] != '\0' ? read_model(&now.task, w->model_max)
                                                 : make_block(&now.task);
        mailbox_post(w->finished, &now); /* it has room for all that may be pending */
        signal_wake(w->s);
    }
    return NULL;
}

/* ---- the control thread ---- */

int model_work_new(struct signal *s) {
    struct model_work *w = calloc(1, sizeof *w);

    if (w == NULL) {
        return -ENOMEM;
    }
    s->model_work = w;
    w->s = s;
    w->model_max = s->config->model_max;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->more, NULL);
    w->finished = mailbox_new(sizeof(struct work), WAITING_MAX);
    if (w->finished == NULL) {
        return -ENOMEM;
    }
    int error = pthread_create(&w->thread, NULL, run, w);
    w->running = error == 0;
    return -error;
}

void model_work_free(struct signal *s) {
    struct model_work *w = s->model_work;

    if (w == NULL) {
        return;
    }
    if (w->running) {
        pthread_mutex_lock(&w->lock);
        w->stop = true;
        pthread_cond_signal(&w->more);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
    }
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->more);
    mailbox_free(w->finished);
    free(w);
    s->model_work = NULL;
}

int model_work(struct signal *s, const struct model_task *task, model_work_done *done, void *ctx) {
    struct model_work *w = s->model_work;

    if (w == NULL || w->pending == WAITING_MAX) {
        return -ENOBUFS;
    }
    w->pending++;
    pthread_mutex_lock(&w->lock);
    w->todo[(w->first + w->count++) % WAITING_MAX] =
        (struct work){.task = *task, .done = done, .ctx = ctx};
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
    return 0;
}

void model_work_service(struct signal *s) {
    struct work now;

    if (s->model_work == NULL) {
        return;
    }
    mailbox_drained(s->model_work->finished);
    while (mailbox_take(s->model_work->finished, &now)) {
        s->model_work->pending--;
        now.done(now.ctx, now.result, &now.task);
    }
}
