#include "live/live_switch.h"

#include "live/hold_card.h"

#include <gst/app/gstappsink.h>
#include <gst/video/video.h>
#include <string.h>

#define TICK (20 * G_TIME_SPAN_MILLISECOND)
#define HOLD_STEP (100 * GST_MSECOND) /* between holding pictures */
#define HOLD_PHASE (700 * GST_MSECOND)
#define SOUND_PATIENCE (300 * GST_MSECOND) /* without sound until there is silence */
#define SILENCE_BEHIND (20 * GST_MSECOND)
#define RATE 48000
#define FRAME_BYTES 4
#define LOOSE (RATE * 15 / 1000) /* samples that sound may be off before it is moved */
#define FILL_MAX (RATE / 2)      /* silence in one buffer */
#define HOLD_PATIENCE (3 * GST_SECOND)

struct live_switch {
    struct live_switch_config config;
    char *hold_path;
    GThread *thread;
    GMutex lock;
    GCond quit_cond;
    bool quit;
    struct fit fit; /* of the pictures going out */
    GstBuffer *card[HOLD_CARD_PHASES];
    struct fit card_fit;
    bool holding, pictured;                /* what was shown last; whether anything was */
    GstClockTime last_picture;             /* its time */
    GstClockTime picture_came, sound_came; /* from the source; running time */
    guint64 samples; /* where the sound that went out ends, since running time 0 */
};

static guint64 samples_of(GstClockTime time) {
    return gst_util_uint64_scale_round(time, RATE, GST_SECOND);
}

/* ---- The holding picture ---- */

static GstBuffer *draw_card(const struct fit *fit, unsigned phase) {
    GstVideoInfo info;
    GstVideoFrame frame;
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, fit->width, fit->height);
    GstBuffer *buffer = gst_buffer_new_allocate(NULL, info.size, NULL);
    if (gst_video_frame_map(&frame, &info, buffer, GST_MAP_WRITE)) {
        struct test_card_planes planes = {.width = (int)fit->width, .height = (int)fit->height};
        for (int i = 0; i < 3; i++) {
            planes.data[i] = GST_VIDEO_FRAME_PLANE_DATA(&frame, i);
            planes.stride[i] = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, i);
        }
        hold_card_draw(&planes, phase);
        gst_video_frame_unmap(&frame);
    }
    return buffer;
}

/* The company's own picture in the middle of black; NULL when it cannot be shown. */
static GstBuffer *read_picture(const char *path, const struct fit *fit) {
    char *caps = live_video_caps(fit);
    char *text = g_strdup_printf("filesrc name=in ! decodebin ! videoconvert ! videoscale "
                                 "add-borders=true ! videorate ! %s ! appsink name=out sync=false",
                                 caps);
    GstElement *pipeline = gst_parse_launch(text, NULL);
    GstBuffer *buffer = NULL;
    g_free(text);
    g_free(caps);
    if (!pipeline) {
        return NULL;
    }
    GstElement *in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
    GstElement *out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
    g_object_set(in, "location", path, NULL);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstSample *sample = gst_app_sink_try_pull_sample(GST_APP_SINK(out), HOLD_PATIENCE);
    if (sample) {
        buffer = gst_buffer_copy_deep(gst_sample_get_buffer(sample));
        gst_sample_unref(sample);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(in);
    gst_object_unref(out);
    gst_object_unref(pipeline);
    return buffer;
}

static void prepare_card(struct live_switch *s) {
    for (unsigned i = 0; i < HOLD_CARD_PHASES; i++) {
        gst_clear_buffer(&s->card[i]);
    }
    GstBuffer *own = s->hold_path ? read_picture(s->hold_path, &s->fit) : NULL;
    for (unsigned i = 0; i < HOLD_CARD_PHASES; i++) {
        s->card[i] = own ? gst_buffer_ref(own) : draw_card(&s->fit, i);
    }
    if (!own) {
        g_clear_pointer(&s->hold_path, g_free); /* it would not be better the next time */
    }
    gst_clear_buffer(&own);
    s->card_fit = s->fit;
}

static void show_hold(struct live_switch *s, GstClockTime now) {
    if (memcmp(&s->card_fit, &s->fit, sizeof(s->fit)) != 0) {
        prepare_card(s);
    }
    GstBuffer *picture = gst_buffer_copy(s->card[now / HOLD_PHASE % HOLD_CARD_PHASES]);
    live_output_picture(s->config.output, picture, now, -1, !s->holding);
    s->holding = s->pictured = true;
    s->last_picture = now;
}

/* ---- Sound ---- */

static void push_sound(struct live_switch *s, GstBuffer *buffer, guint64 n) {
    GST_BUFFER_PTS(buffer) = gst_util_uint64_scale_round(s->samples, GST_SECOND, RATE);
    GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
    s->samples += n;
    GST_BUFFER_DURATION(buffer) =
        gst_util_uint64_scale_round(s->samples, GST_SECOND, RATE) - GST_BUFFER_PTS(buffer);
    GST_BUFFER_FLAG_UNSET(buffer, GST_BUFFER_FLAG_DISCONT);
    GST_BUFFER_FLAG_UNSET(buffer, GST_BUFFER_FLAG_GAP);
    live_output_sound(s->config.output, buffer);
}

static void fill_to(struct live_switch *s, guint64 end) {
    while (s->samples < end) {
        guint64 n = MIN(end - s->samples, FILL_MAX);
        GstBuffer *silence = gst_buffer_new_allocate(NULL, n * FRAME_BYTES, NULL);
        gst_buffer_memset(silence, 0, 0, n * FRAME_BYTES);
        push_sound(s, silence, n);
    }
}

void live_switch_sound(struct live_switch *s, GstBuffer *sound, GstClockTime at) {
    guint64 start = samples_of(at), n = gst_buffer_get_size(sound) / FRAME_BYTES;
    g_mutex_lock(&s->lock);
    s->sound_came = live_output_now(s->config.output);
    if (start > s->samples + LOOSE) {
        fill_to(s, start);
    }
    guint64 late = start + LOOSE < s->samples ? s->samples - start : 0;
    if (late >= n) {
        gst_buffer_unref(sound);
    } else {
        if (late > 0) {
            GstBuffer *rest = gst_buffer_copy_region(sound, GST_BUFFER_COPY_MEMORY,
                                                     late * FRAME_BYTES, (n - late) * FRAME_BYTES);
            gst_buffer_unref(sound);
            sound = rest;
        }
        push_sound(s, gst_buffer_make_writable(sound), n - late);
    }
    g_mutex_unlock(&s->lock);
}

/* ---- Pictures ---- */

void live_switch_picture(struct live_switch *s, GstBuffer *picture, const struct fit *fit,
                         GstClockTime at, gint64 arrival) {
    g_mutex_lock(&s->lock);
    s->picture_came = live_output_now(s->config.output);
    if (s->pictured && at <= s->last_picture + GST_MSECOND) {
        gst_buffer_unref(picture);
        g_mutex_unlock(&s->lock);
        return;
    }
    if (memcmp(&s->fit, fit, sizeof(*fit)) != 0) {
        s->fit = *fit;
        live_output_resize(s->config.output, fit);
    }
    live_output_picture(s->config.output, picture, at, arrival, s->holding || !s->pictured);
    s->holding = false;
    s->pictured = true;
    s->last_picture = at;
    g_mutex_unlock(&s->lock);
}

void live_switch_hold(struct live_switch *s) {
    g_mutex_lock(&s->lock);
    s->picture_came = s->sound_came = 0;
    g_mutex_unlock(&s->lock);
}

/* ---- What fills in ---- */

static void tick(struct live_switch *s) {
    GstClockTime now = live_output_now(s->config.output);
    bool missing = s->picture_came == 0 ? s->config.hold_first || now > s->config.patience
                                        : now > s->picture_came + s->config.patience;
    if (missing && (!s->pictured || now >= s->last_picture + HOLD_STEP)) {
        show_hold(s, now);
    }
    bool quiet = s->sound_came == 0 ? s->pictured : now > s->sound_came + SOUND_PATIENCE;
    if (s->config.sound && quiet && now > SILENCE_BEHIND) {
        fill_to(s, samples_of(now - SILENCE_BEHIND));
    }
}

static gpointer run(gpointer data) {
    struct live_switch *s = data;
    g_mutex_lock(&s->lock);
    while (!s->quit) {
        tick(s);
        g_cond_wait_until(&s->quit_cond, &s->lock, g_get_monotonic_time() + TICK);
    }
    g_mutex_unlock(&s->lock);
    return NULL;
}

struct live_switch *live_switch_new(const struct live_switch_config *config) {
    struct live_switch *s = g_new0(struct live_switch, 1);
    s->config = *config;
    s->hold_path = g_strdup(config->hold);
    s->fit = config->fit;
    g_mutex_init(&s->lock);
    g_cond_init(&s->quit_cond);
    prepare_card(s);
    s->samples = samples_of(live_output_now(config->output));
    s->thread = g_thread_new("hold", run, s);
    return s;
}

void live_switch_free(struct live_switch *s) {
    if (!s) {
        return;
    }
    g_mutex_lock(&s->lock);
    s->quit = true;
    g_cond_signal(&s->quit_cond);
    g_mutex_unlock(&s->lock);
    g_thread_join(s->thread);
    for (unsigned i = 0; i < HOLD_CARD_PHASES; i++) {
        gst_clear_buffer(&s->card[i]);
    }
    g_cond_clear(&s->quit_cond);
    g_mutex_clear(&s->lock);
    g_free(s->hold_path);
    g_free(s);
}
