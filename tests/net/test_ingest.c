/* parlour-pipeline ingest, from the server's end of its socket: a short film that flashes and beeps
 * every second is played in a loop, and what comes is decoded and compared. test_ingest PIPELINE */
#include "base/spans.h"
#include "live/test_card.h"

#include <fcntl.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WIDTH 320
#define HEIGHT 180
#define FPS 30
#define FILM_SECONDS 4
#define WATCHED_SECONDS 22
#define PLI_AT 7.3 /* seconds; no multiple of the encoder's own two */
#define MARKS_MAX 64

static const char *program;

struct marks {
    double at[MARKS_MAX]; /* seconds since 1970 */
    size_t count;
};

struct track {
    unsigned rate;
    bool started, reported;
    uint16_t sequence;
    uint32_t timestamp;
    uint64_t ticks; /* since the first packet */
    uint64_t ntp;   /* of the newest report */
    uint32_t ntp_timestamp;
    gint64 report_at, longest_silence; /* of reports; monotonic */
    unsigned reports, steps, lost;
    double longest_step;
    GstElement *decoder, *entry;
};

struct watched {
    struct track tracks[2]; /* picture, sound */
    struct marks flashes, beeps;
    double last_key, longest_without_key; /* media time of the picture */
    gint64 asked_at, answered_at;
    bool lit, loud;
    double last_picture, quiet_since;
};

/* ---- the film ---- */

static void push(GstElement *to, void *bytes, size_t n, GstClockTime pts, GstClockTime duration) {
    GstBuffer *buffer = gst_buffer_new_memdup(bytes, n);
    GST_BUFFER_PTS(buffer) = pts;
    GST_BUFFER_DURATION(buffer) = duration;
    gst_app_src_push_buffer(GST_APP_SRC(to), buffer);
}

static void make_film(const char *path) {
    static uint8_t picture[WIDTH * HEIGHT * 3 / 2];
    static int16_t sound[48000 / FPS * 2];
    char *text =
        g_strdup_printf("appsrc name=v format=time max-bytes=0 "
                        "caps=video/x-raw,format=I420,width=%d,height=%d,framerate=%d/1 ! "
                        "x264enc speed-preset=ultrafast ! h264parse ! queue max-size-time=0 "
                        "max-size-bytes=0 max-size-buffers=0 ! m. "
                        "appsrc name=a format=time max-bytes=0 "
                        "caps=audio/x-raw,format=S16LE,rate=48000,channels=2,layout=interleaved ! "
                        "audioconvert ! avenc_aac ! aacparse ! queue max-size-time=0 "
                        "max-size-bytes=0 max-size-buffers=0 ! m. "
                        "mp4mux name=m ! filesink location=%s",
                        WIDTH, HEIGHT, FPS, path);
    GstElement *pipeline = gst_parse_launch(text, NULL);
    g_free(text);
    assert_non_null(pipeline);
    GstElement *v = gst_bin_get_by_name(GST_BIN(pipeline), "v");
    GstElement *a = gst_bin_get_by_name(GST_BIN(pipeline), "a");
    const struct test_card_planes planes = {
        .data = {picture, picture + WIDTH * HEIGHT, picture + WIDTH * HEIGHT * 5 / 4},
        .stride = {WIDTH, WIDTH / 2, WIDTH / 2},
        .width = WIDTH,
        .height = HEIGHT};
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    for (unsigned n = 0; n < FPS * FILM_SECONDS; n++) {
        GstClockTime at = n * GST_SECOND / FPS, end = (n + 1) * GST_SECOND / FPS;
        test_card_draw(&planes, n, (double)n / FPS);
        test_card_sound(sound, 48000 / FPS, (uint64_t)n * 48000 / FPS);
        push(v, picture, sizeof(picture), at, end - at);
        push(a, sound, sizeof(sound), at, end - at);
    }
    gst_app_src_end_of_stream(GST_APP_SRC(v));
    gst_app_src_end_of_stream(GST_APP_SRC(a));
    GstBus *bus = gst_element_get_bus(pipeline);
    GstMessage *end =
        gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    assert_true(end && GST_MESSAGE_TYPE(end) == GST_MESSAGE_EOS);
    gst_message_unref(end);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(v);
    gst_object_unref(a);
    gst_object_unref(pipeline);
}

/* ---- decoding ---- */

static void mark(struct marks *marks, double at) {
    if (marks->count < MARKS_MAX) {
        marks->at[marks->count++] = at;
    }
}

static GstFlowReturn picture_shown(GstAppSink *sink, gpointer data) {
    struct watched *w = data;
    GstSample *sample = gst_app_sink_pull_sample(sink);
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    GstMapInfo map;
    if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
        double at = (double)GST_BUFFER_PTS(buffer) / GST_SECOND;
        bool lit = test_card_flashes(map.data, WIDTH, WIDTH, HEIGHT);
        if (lit && !w->lit && at - w->last_picture < 1.5 / FPS) { /* none was left out before it */
            mark(&w->flashes, at);
        }
        w->lit = lit;
        w->last_picture = at;
        gst_buffer_unmap(buffer, &map);
    }
    gst_sample_unref(sample);
    return GST_FLOW_OK;
}

static GstFlowReturn sound_heard(GstAppSink *sink, gpointer data) {
    struct watched *w = data;
    GstSample *sample = gst_app_sink_pull_sample(sink);
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    GstMapInfo map;
    if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
        const int16_t *p = (const int16_t *)(const void *)map.data;
        for (size_t i = 0; i < map.size / 4; i++) {
            double at = (double)GST_BUFFER_PTS(buffer) / GST_SECOND + (double)i / 48000;
            if (abs(p[2 * i]) > 5000) {
                if (at - w->quiet_since > 0.3) {
                    mark(&w->beeps, at);
                }
                w->quiet_since = at;
            }
        }
        gst_buffer_unmap(buffer, &map);
    }
    gst_sample_unref(sample);
    return GST_FLOW_OK;
}

static void open_decoder(struct track *t, const char *text,
                         GstFlowReturn (*taken)(GstAppSink *sink, gpointer data), void *ctx) {
    GstAppSinkCallbacks callbacks = {.new_sample = taken};
    t->decoder = gst_parse_launch(text, NULL);
    assert_non_null(t->decoder);
    t->entry = gst_bin_get_by_name(GST_BIN(t->decoder), "in");
    GstElement *out = gst_bin_get_by_name(GST_BIN(t->decoder), "out");
    gst_app_sink_set_callbacks(GST_APP_SINK(out), &callbacks, ctx, NULL);
    gst_object_unref(out);
    gst_element_set_state(t->decoder, GST_STATE_PLAYING);
}

static void close_decoder(struct track *t) {
    gst_app_src_end_of_stream(GST_APP_SRC(t->entry));
    GstBus *bus = gst_element_get_bus(t->decoder);
    GstMessage *end =
        gst_bus_timed_pop_filtered(bus, 20 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    assert_true(end && GST_MESSAGE_TYPE(end) == GST_MESSAGE_EOS);
    gst_message_unref(end);
    gst_object_unref(bus);
    gst_element_set_state(t->decoder, GST_STATE_NULL);
    gst_object_unref(t->entry);
    gst_object_unref(t->decoder);
}

/* ---- the socket ---- */

static void take_report(struct track *t, const uint8_t *p) {
    gint64 now = g_get_monotonic_time();
    if (t->reports++ > 1 &&
        now - t->report_at > t->longest_silence) { /* the first comes with a packet */
        t->longest_silence = now - t->report_at;
    }
    t->report_at = now;
    t->reported = true;
    t->ntp = read_be64(p + 8);
    t->ntp_timestamp = read_be32(p + 16);
}

/* Seconds since 1970 by the newest report (RFC 3550 §6.4.1). */
static double wall_clock(const struct track *t, uint32_t timestamp) {
    double ntp = (double)(t->ntp >> 32) - 2208988800.0 + (double)(uint32_t)t->ntp / 4294967296.0;
    return ntp + (double)(int32_t)(timestamp - t->ntp_timestamp) / t->rate;
}

/* RFC 7741 §4.2 and §4.3 */
static bool starts_key_frame(const uint8_t *p, size_t n) {
    if (n < 4 || !(p[0] & 0x10) || p[0] & 7) {
        return false;
    }
    size_t at = 1;
    if (p[0] & 0x80) {
        at = 2 + (p[1] & 0x80 ? (p[2] & 0x80 ? 2 : 1) : 0) + (p[1] & 0x40 ? 1 : 0) +
             (p[1] & 0x30 ? 1 : 0);
    }
    return at < n && !(p[at] & 1);
}

static void take_packet(struct watched *w, struct track *t, const uint8_t *p, size_t n) {
    uint16_t sequence = read_be16(p + 2);
    uint32_t timestamp = read_be32(p + 4);
    assert_true(t->reported);
    if (t->started) {
        int32_t step = (int32_t)(timestamp - t->timestamp);
        assert_true(step >= 0);
        t->lost += (uint16_t)(sequence - t->sequence - 1);
        t->ticks += (uint32_t)step;
        t->steps += step > 0;
        t->longest_step = MAX(t->longest_step, (double)step / t->rate);
    }
    t->started = true;
    t->sequence = sequence;
    t->timestamp = timestamp;
    double at = (double)t->ticks / t->rate;
    if (t == &w->tracks[0] && starts_key_frame(p + 12, n - 12)) {
        w->longest_without_key = MAX(w->longest_without_key, at - w->last_key);
        w->last_key = at;
        if (w->asked_at && !w->answered_at) {
            w->answered_at = g_get_monotonic_time();
        }
    }
    GstBuffer *buffer = gst_buffer_new_memdup(p, n);
    GST_BUFFER_PTS(buffer) = (GstClockTime)(wall_clock(t, timestamp) * GST_SECOND);
    gst_app_src_push_buffer(GST_APP_SRC(t->entry), buffer);
}

static void take_message(struct watched *w, const uint8_t *p, size_t n) {
    assert_true(n >= 28 || (n >= 13 && p[1] != 200));
    bool report = p[1] >= 192 && p[1] <= 223;
    uint32_t ssrc = read_be32(p + (report ? 4 : 8));
    assert_in_range(ssrc, 1, 2);
    struct track *t = &w->tracks[ssrc - 1];
    if (report) {
        take_report(t, p);
    } else {
        take_packet(w, t, p, n);
    }
}

static void ask_for_key_frame(int fd) {
    static const uint8_t pli[12] = {0x81, 206, 0, 2, 0, 0, 0, 9, 0, 0, 0, 1}; /* RFC 4585 §6.3.1 */
    assert_int_equal(send(fd, pli, sizeof(pli), 0), sizeof(pli));
}

static void watch(struct watched *w, int fd) {
    gint64 start = 0, now = g_get_monotonic_time(), patience = now + 30 * G_USEC_PER_SEC;
    while (now < (start ? start + WATCHED_SECONDS * G_USEC_PER_SEC : patience)) {
        uint8_t message[1500];
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 1000) > 0) {
            ssize_t n = recv(fd, message, sizeof(message), 0);
            assert_true(n > 0);
            take_message(w, message, (size_t)n);
            start = start ? start : g_get_monotonic_time();
        }
        now = g_get_monotonic_time();
        if (start && !w->asked_at && now - start > (gint64)(PLI_AT * G_USEC_PER_SEC)) {
            ask_for_key_frame(fd);
            w->asked_at = now;
        }
    }
    assert_true(start);
}

/* ---- the process ---- */

static pid_t start_ingest(const char *film, int *ret_fd, int *ret_input) {
    int ends[2], input[2];
    pid_t pid;
    posix_spawn_file_actions_t actions;
    const char *arguments[] = {program,   "ingest", "--source", film, "--loop",
                               "--codec", "vp8",    "--fd",     "3",  NULL};
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(pipe2(input, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], 0);
    posix_spawn_file_actions_adddup2(&actions, dup(ends[1]), 3);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    assert_int_equal(
        posix_spawn(&pid, program, &actions, NULL, (char *const *)(uintptr_t)arguments, environ),
        0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    close(input[0]);
    *ret_fd = ends[0];
    *ret_input = input[1];
    return pid;
}

/* Beeps have no flash when its picture was left out on a busy machine, but a flash always has its
 * beep. */
static void assert_lips(const struct watched *w) {
    assert_in_range(w->beeps.count, WATCHED_SECONDS - 3, WATCHED_SECONDS + 1);
    assert_true(w->flashes.count >= 5);
    for (size_t i = 1; i + 1 < w->flashes.count; i++) {
        double nearest = 1;
        for (size_t k = 0; k < w->beeps.count; k++) {
            double offset = w->flashes.at[i] - w->beeps.at[k];
            nearest = ABS(offset) < ABS(nearest) ? offset : nearest;
        }
        print_message("flash %zu: %+.1f ms from its beep\n", i, nearest * 1000);
        assert_true(ABS(nearest) <= 0.040);
    }
}

static void a_film_in_a_loop_is_one_seamless_stream(void **state) {
    (void)state;
    struct watched w = {.tracks = {{.rate = 90000}, {.rate = 48000}}, .quiet_since = -1};
    char *directory = g_dir_make_tmp("parlour-ingest-XXXXXX", NULL);
    char *film = g_build_filename(directory, "film.mp4", NULL);
    int fd, input, status;
    make_film(film);
    open_decoder(&w.tracks[0],
                 "appsrc name=in format=time max-bytes=0 "
                 "caps=application/x-rtp,media=video,encoding-name=VP8,"
                 "clock-rate=90000,payload=96 ! rtpvp8depay ! vp8dec ! video/x-raw,format=I420 ! "
                 "appsink name=out sync=false",
                 picture_shown, &w);
    open_decoder(&w.tracks[1],
                 "appsrc name=in format=time max-bytes=0 "
                 "caps=application/x-rtp,media=audio,encoding-name=OPUS,"
                 "clock-rate=48000,payload=111 ! rtpopusdepay ! opusdec ! audioconvert ! "
                 "audio/x-raw,format=S16LE,channels=2,rate=48000 ! appsink name=out sync=false",
                 sound_heard, &w);
    pid_t pid = start_ingest(film, &fd, &input);
    watch(&w, fd);
    close(input);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(fd);
    close_decoder(&w.tracks[0]);
    close_decoder(&w.tracks[1]);

    for (int i = 0; i < 2; i++) {
        const struct track *t = &w.tracks[i];
        print_message("%s: %u steps, the longest %.0f ms, %u reports at most %.2f s apart\n",
                      i ? "sound" : "picture", t->steps, t->longest_step * 1000, t->reports,
                      (double)t->longest_silence / G_USEC_PER_SEC);
        assert_int_equal(t->lost, 0);
        assert_true(t->reports >= WATCHED_SECONDS - 2);
        assert_true(t->longest_silence < 1.9 * G_USEC_PER_SEC);
    }
    /* A frame of AAC more than the film's pictures may lie at each seam. */
    assert_true(w.tracks[1].longest_step <= 0.0605);
    assert_true(w.tracks[1].steps > (WATCHED_SECONDS - 2) * 50);
    /* On a machine that is too busy to encode every picture, key frames wait with the others. */
    double patience = w.tracks[0].longest_step > 0.1 ? 3 : 1;
    assert_true(w.longest_without_key < 2.1 * patience);
    assert_true(w.answered_at && (double)(w.answered_at - w.asked_at) < 0.5e6 * patience);
    print_message("key frame %.0f ms after PLI\n", (double)(w.answered_at - w.asked_at) / 1000);
    assert_lips(&w);
    remove(film);
    rmdir(directory);
    g_free(film);
    g_free(directory);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_film_in_a_loop_is_one_seamless_stream)};
    gst_init(NULL, NULL);
    program = argc > 1 ? argv[1] : "parlour-pipeline";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
