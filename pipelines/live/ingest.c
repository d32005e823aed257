#include "live/ingest.h"

#include "job/confine.h"
#include "job/control.h"
#include "job/elements.h"
#include "live/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TELL_EVERY_MS 2000
#define PATIENCE_NETWORK (800 * GST_MSECOND)
#define PATIENCE_FILM (3 * GST_SECOND)

struct ingest {
    struct ingest_options options;
    const struct source_ops *ops;
    void *source;
    struct source_context context;
    bool sound;
    struct live_output *output;
    struct live_switch *to;
    GMainLoop *loop;
    struct failure failure;
    enum source_state state;
    char detail[160];
};

static const struct source_ops *const kinds[] = {[INGEST_TEST] = &source_test,
                                                 [INGEST_FILM] = &source_film,
                                                 [INGEST_RTMP] = &source_rtmp,
                                                 [INGEST_SRT] = &source_srt,
                                                 [INGEST_RTSP] = &source_rtsp};

static int open_socket(const struct ingest_options *options, struct failure *failure) {
    int type = 0, fd = options->fd;
    socklen_t size = sizeof(type);
    if (fd >= 0) {
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET) {
            return failure_set(failure, "no_socket",
                               "File descriptor %d is no SOCK_SEQPACKET socket.", fd);
        }
        return fd;
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(options->socket) >= sizeof(address.sun_path)) {
        return failure_set(failure, "no_socket", "The path of the socket is too long.");
    }
    strcpy(address.sun_path, options->socket);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        failure_set(failure, "no_socket", "%s cannot be reached: %s.", options->socket,
                    strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

/* ---- What happens ---- */

static void tell(const struct ingest *in, int delay_ms) {
    static const char *const names[] = {
        [SOURCE_WAITING] = "waiting", [SOURCE_CONNECTED] = "connected", [SOURCE_LOST] = "lost"};
    report_source(names[in->state], delay_ms, in->detail);
}

static gboolean tell_delay(gpointer data) {
    struct ingest *in = data;
    int delay = live_output_delay(in->output);
    if (in->state == SOURCE_CONNECTED && delay >= 0) {
        tell(in, delay);
    }
    return G_SOURCE_CONTINUE;
}

static void changed(void *ctx, enum source_state state, const char *detail) {
    struct ingest *in = ctx;
    if (state == in->state && strcmp(detail, in->detail) == 0) {
        return; /* one that tries again and again says it once */
    }
    in->state = state;
    char *valid = g_utf8_make_valid(detail, -1);
    g_strlcpy(in->detail, valid, sizeof(in->detail));
    g_free(valid);
    tell(in, -1);
}

static void quit(struct ingest *in, const struct failure *why) {
    if (why) {
        failure_set(&in->failure, why->reason, "%s", why->message);
    }
    g_main_loop_quit(in->loop);
}

static void ended(void *ctx, const struct failure *why) {
    quit(ctx, why);
}

static void stopped(void *ctx) {
    quit(ctx, NULL);
}

static void streaming(void *ctx) {
    const struct ingest *in = ctx;
    report_streaming(in->options.rungs[0].codec == CODEC_VP8 ? "vp8" : "h264",
                     in->sound ? "opus" : NULL);
}

/* ---- Putting it together ---- */

/* After this only what the source needs can be opened. Comes before the first thread. */
static int close_in(struct ingest *in, struct live_output_config *output) {
    struct confinement confinement = {.read = {in->options.hold}};
    if (in->ops->prepare && in->ops->prepare(&in->options, &confinement, &in->failure) < 0) {
        return -1;
    }
    output->fd = open_socket(&in->options, &in->failure);
    return output->fd < 0 ? -1 : confine(&confinement, &in->failure);
}

static int open_source(struct ingest *in, const struct fit *fit) {
    bool network = in->options.kind != INGEST_TEST && in->options.kind != INGEST_FILM;
    struct live_switch_config to = {.output = in->output,
                                    .fit = *fit,
                                    .hold = in->options.hold,
                                    .sound = in->sound,
                                    .patience = network ? PATIENCE_NETWORK : PATIENCE_FILM,
                                    .hold_first = network};
    in->to = live_switch_new(&to);
    in->context = (struct source_context){.options = &in->options,
                                          .output = in->output,
                                          .to = in->to,
                                          .changed = changed,
                                          .ended = ended,
                                          .ctx = in};
    in->source = in->ops->start(&in->context, &in->failure);
    return in->source ? 0 : -1;
}

static int build(struct ingest *in) {
    const struct ingest_options *o = &in->options;
    struct live_output_config output = {.count = o->rung_count,
                                        .fit = LIVE_FIT_UNKNOWN,
                                        .key = o->key,
                                        .streaming = streaming,
                                        .ended = ended,
                                        .ctx = in};
    memcpy(output.rungs, o->rungs, sizeof(output.rungs));
    in->sound = true;
    if (close_in(in, &output) < 0) {
        return -1;
    }
    control_watch(stopped, in);
    if (elements_check(ELEMENT_INGEST, &in->failure) < 0 ||
        (o->key != KEY_COLOUR_NONE && key_check(o->key, &in->failure) < 0)) {
        return -1;
    }
    if (in->ops->look && in->ops->look(o, &output.fit, &in->sound, &in->failure) < 0) {
        return -1;
    }
    output.sound = in->sound;
    in->output = live_output_new(&output, &in->failure);
    return in->output ? open_source(in, &output.fit) : -1;
}

static int run(struct ingest *in) {
    in->ops = kinds[in->options.kind];
    in->loop = g_main_loop_new(NULL, FALSE);
    if (build(in) == 0) {
        guint teller = g_timeout_add(TELL_EVERY_MS, tell_delay, in);
        g_main_loop_run(in->loop);
        g_source_remove(teller);
    }
    in->ops->stop(in->source);
    live_switch_free(in->to);
    live_output_free(in->output);
    g_main_loop_unref(in->loop);
    return in->failure.reason[0] ? -1 : 0;
}

int ingest_main(int argc, char **argv) {
    struct ingest in = {0};
    if (!ingest_options_parse(argc, argv, &in.options)) {
        return 2;
    }
    report_event("started");
    if (run(&in) < 0) {
        report_failed(&in.failure);
        fprintf(stderr, "parlour-pipeline: %s\n", in.failure.message);
        return 1;
    }
    report_event("ended");
    return 0;
}
