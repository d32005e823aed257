#include "live/source_network.h"

#include "job/confine.h"

#define BACKOFF_FIRST_MS 250
#define BACKOFF_MOST_MS 2000

struct network {
    const struct source_context *context;
    const struct network_ops *ops;
    struct inlet *inlet;
    guint retry;
    unsigned tries;
    bool ever;
};

static int open_inlet(struct network *n, struct failure *failure);

static gboolean try_again(gpointer data) {
    struct network *n = data;
    struct failure failure = {0};
    n->retry = 0;
    if (open_inlet(n, &failure) < 0) {
        n->context->ended(n->context->ctx, &failure);
    }
    return G_SOURCE_REMOVE;
}

static void connected(void *ctx, const char *detail) {
    struct network *n = ctx;
    n->tries = 0;
    n->ever = true;
    n->context->changed(n->context->ctx, SOURCE_CONNECTED, detail);
}

static void ended(void *ctx, const char *why) {
    struct network *n = ctx;
    unsigned pause = BACKOFF_FIRST_MS << MIN(n->tries, 3);
    live_switch_hold(n->context->to);
    n->context->changed(n->context->ctx, n->ever ? SOURCE_LOST : SOURCE_WAITING, why);
    inlet_free(n->inlet);
    n->inlet = NULL;
    n->tries++;
    n->retry = g_timeout_add(MIN(pause, BACKOFF_MOST_MS), try_again, n);
}

static int open_inlet(struct network *n, struct failure *failure) {
    struct inlet_config config = {.to = n->context->to,
                                  .output = n->context->output,
                                  .patience = n->ops->patience,
                                  .connected = connected,
                                  .ended = ended,
                                  .ctx = n};
    n->inlet = inlet_new(&config);
    if (n->ops->build(n->inlet, n->context->options, n->tries, failure) < 0) {
        inlet_free(n->inlet);
        n->inlet = NULL;
        return -1;
    }
    inlet_play(n->inlet);
    return 0;
}

int source_network_prepare(const struct ingest_options *options, struct confinement *ret,
                           struct failure *failure) {
    (void)options;
    (void)failure;
    ret->network = true;
    /* GIO shall look neither for a desktop's settings nor for a proxy. */
    g_setenv("GSETTINGS_BACKEND", "memory", TRUE);
    g_setenv("GIO_USE_PROXY_RESOLVER", "dummy", TRUE);
    return 0;
}

void *source_network_start(const struct source_context *context, const struct network_ops *ops,
                           struct failure *failure) {
    struct network *n = g_new0(struct network, 1);
    n->context = context;
    n->ops = ops;
    if (open_inlet(n, failure) < 0) {
        g_free(n);
        return NULL;
    }
    context->changed(context->ctx, SOURCE_WAITING, ops->waiting);
    return n;
}

void source_network_stop(void *source) {
    struct network *n = source;
    if (n) {
        if (n->retry) {
            g_source_remove(n->retry);
        }
        inlet_free(n->inlet);
        g_free(n);
    }
}
