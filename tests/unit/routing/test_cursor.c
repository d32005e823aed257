#include "made.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* A viewer of the made presentation, and what it was sent. */
struct watch {
    struct presentation presentation;
    struct bytes files[3];
    struct media_line lines[2]; /* by kind */
    struct cursor c;
    usec_t now;
    uint64_t next[2];
    uint32_t last_time[2];
    bool any[2];
    unsigned packets[2], frames[2];
    uint32_t first_frame[2], last_frame[2]; /* as the payload tells */
    uint32_t time_of_frame[2][600];
    usec_t sent_frame[2][600];
};

static void begin(struct watch *w, double start_at) {
    memset(w, 0, sizeof *w);
    made_presentation(&w->presentation, w->files);
    w->lines[MEDIA_VIDEO] = made_viewer_line(MEDIA_VIDEO, false);
    w->lines[MEDIA_AUDIO] = made_viewer_line(MEDIA_AUDIO, false);
    assert_int_equal(cursor_init(&w->c, &w->presentation, &w->lines[MEDIA_VIDEO],
                                 &w->lines[MEDIA_AUDIO], start_at, 3),
                     0);
    w->now = SEC(100);
    w->next[MEDIA_VIDEO] = w->c.video.stream.next;
    w->next[MEDIA_AUDIO] = w->c.audio.stream.next;
}

static void end(struct watch *w) {
    for (size_t i = 0; i < 3; i++) {
        free((void *)(uintptr_t)w->files[i].p);
    }
}

/* Sound first, as viewers are served. */
static bool next_packet(struct cursor *c, usec_t now, struct outgoing *ret,
                        enum media_kind *ret_kind) {
    for (*ret_kind = MEDIA_AUDIO; *ret_kind <= MEDIA_VIDEO; ++*ret_kind) {
        if (cursor_next(c, *ret_kind, now, ret) > 0) {
            return true;
        }
    }
    return false;
}

static usec_t next_due(const struct cursor *c) {
    return usec_min(cursor_next_timeout(c, MEDIA_AUDIO), cursor_next_timeout(c, MEDIA_VIDEO));
}

static void drain(struct watch *w) {
    struct outgoing o;
    enum media_kind kind;
    while (next_packet(&w->c, w->now, &o, &kind)) {
        const uint32_t time = read_be32(o.header + 4);
        const uint32_t frame = read_be32(o.payload.p + o.payload.n - 4);
        assert_int_equal(o.index, w->next[kind]);
        assert_true(!w->any[kind] || (int32_t)(time - w->last_time[kind]) >= 0);
        w->next[kind] = o.index + 1;
        w->last_time[kind] = time;
        w->any[kind] = true;
        w->first_frame[kind] = w->packets[kind] == 0 ? frame : w->first_frame[kind];
        w->last_frame[kind] = frame;
        w->packets[kind]++;
        w->frames[kind] += o.frame_end;
        w->time_of_frame[kind][frame] = time;
        w->sent_frame[kind][frame] = w->now;
    }
}

static void forget(struct watch *w) {
    memset(w->packets, 0, sizeof w->packets);
    memset(w->frames, 0, sizeof w->frames);
}

/* As the media thread does: sleeps until something is due. */
static void run(struct watch *w, usec_t span) {
    const usec_t until = w->now + span;
    drain(w);
    for (usec_t next; (next = next_due(&w->c)) <= until;) {
        w->now = next > w->now ? next : w->now;
        drain(w);
    }
    w->now = until;
    drain(w);
}

static struct cursor_position position(const struct watch *w) {
    struct cursor_position p;
    cursor_position(&w->c, w->now, &p);
    return p;
}

static void plays_in_its_own_time_to_the_end(void **state) {
    (void)state;
    struct watch w;
    begin(&w, 0);
    cursor_play(&w.c, w.now);
    run(&w, SEC(1) - 1);
    assert_int_equal(w.frames[MEDIA_VIDEO], 30);
    assert_int_equal(w.frames[MEDIA_AUDIO], 50);
    assert_int_equal(w.time_of_frame[MEDIA_VIDEO][29] - w.time_of_frame[MEDIA_VIDEO][0], 29 * 3000);
    run(&w, SEC(8));
    assert_int_equal(position(&w).state, CURSOR_PLAYING);
    run(&w, SEC(1) + MSEC(1));
    assert_int_equal(position(&w).state, CURSOR_ENDED);
    assert_true(position(&w).t == 10.0);
    assert_int_equal(w.frames[MEDIA_VIDEO], 300);
    assert_int_equal(w.frames[MEDIA_AUDIO], 500);
    assert_int_equal(next_due(&w.c), USEC_NEVER);
    cursor_play(&w.c, w.now); /* from the start */
    run(&w, MSEC(10));
    assert_int_equal(w.last_frame[MEDIA_VIDEO], 0);
    end(&w);
}

static void a_seek_shows_its_frame_at_once(void **state) {
    (void)state;
    struct watch w;
    begin(&w, 0);
    cursor_play(&w.c, w.now);
    run(&w, SEC(1));
    const uint32_t before = w.last_time[MEDIA_VIDEO];
    forget(&w);
    cursor_seek(&w.c, 5.5, w.now);
    drain(&w);
    assert_int_equal(w.first_frame[MEDIA_VIDEO], 150); /* the key frame at 5 s */
    assert_int_equal(w.last_frame[MEDIA_VIDEO], 165);
    assert_int_equal(w.first_frame[MEDIA_AUDIO], 275);
    assert_true(fabs(position(&w).t - 5.5) < 0.001);
    assert_true(w.last_time[MEDIA_VIDEO] - before <= 3000); /* no time has passed */
    forget(&w);
    run(&w, MSEC(100) + 10);
    assert_int_equal(w.last_frame[MEDIA_VIDEO], 168);
    assert_int_equal(w.time_of_frame[MEDIA_VIDEO][168] - w.time_of_frame[MEDIA_VIDEO][165], 9000);
    end(&w);
}

static void pause_stops_rtp_and_time_passes(void **state) {
    (void)state;
    struct watch w;
    begin(&w, 0);
    cursor_play(&w.c, w.now);
    run(&w, SEC(1) + MSEC(5));
    const uint32_t video = w.last_time[MEDIA_VIDEO], frame = w.last_frame[MEDIA_VIDEO];
    cursor_pause(&w.c, w.now);
    forget(&w);
    assert_int_equal(next_due(&w.c), USEC_NEVER);
    run(&w, SEC(5));
    assert_int_equal(w.packets[MEDIA_VIDEO] + w.packets[MEDIA_AUDIO], 0);
    assert_true(fabs(position(&w).t - 1.005) < 0.001);
    cursor_seek(&w.c, 2.0, w.now); /* a seek while paused shows the picture, without sound */
    drain(&w);
    assert_int_equal(w.last_frame[MEDIA_VIDEO], 60);
    assert_int_equal(w.packets[MEDIA_AUDIO], 0);
    assert_int_equal(position(&w).state, CURSOR_PAUSED);
    assert_true(frame == 30 && w.last_time[MEDIA_VIDEO] - video >= 5 * 90000);
    cursor_play(&w.c, w.now);
    run(&w, MSEC(40));
    assert_int_equal(w.last_frame[MEDIA_VIDEO], 61);
    assert_int_equal(w.last_frame[MEDIA_AUDIO], 102);
    end(&w);
}

static void double_rate_takes_half_the_time(void **state) {
    (void)state;
    struct watch w;
    begin(&w, 0);
    cursor_play(&w.c, w.now);
    run(&w, SEC(1));
    cursor_rate(&w.c, 2, w.now);
    forget(&w);
    run(&w, SEC(2) - 1);
    assert_true(fabs(position(&w).t - 5) < 0.01);
    assert_in_range(w.frames[MEDIA_VIDEO], 119, 120);
    assert_int_equal(w.frames[MEDIA_AUDIO], 100); /* the rung of twice the speed */
    assert_int_equal(w.time_of_frame[MEDIA_VIDEO][140] - w.time_of_frame[MEDIA_VIDEO][60],
                     80 * 1500);
    forget(&w);
    cursor_rate(&w.c, 1.25, w.now); /* no sound was made for this one */
    run(&w, SEC(1));
    assert_int_equal(w.packets[MEDIA_AUDIO], 0);
    assert_in_range(w.frames[MEDIA_VIDEO], 37, 38);
    cursor_rate(&w.c, 99, w.now);
    assert_true(position(&w).rate == 2.0);
    assert_int_equal(cursor_rate(&w.c, NAN, w.now), -EINVAL);
    end(&w);
}

static void wild_seeks_keep_the_numbers(void **state) {
    (void)state;
    struct watch w;
    uint64_t seed = 7;
    begin(&w, 3);
    for (unsigned i = 0; i < 2000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const double value = (double)(seed >> 40) / (double)(1 << 24);
        switch ((seed >> 33) % 6) {
        case 0:
            cursor_play(&w.c, w.now);
            break;
        case 1:
            cursor_pause(&w.c, w.now);
            break;
        case 2:
            cursor_rate(&w.c, value * 3, w.now);
            break;
        case 3:
            cursor_want_keyframe(&w.c, w.now);
            break;
        default:
            cursor_seek(&w.c, value * 12 - 1, w.now);
            break;
        }
        run(&w, MSEC((seed >> 20) % 200)); /* drain() checks numbers and times */
    }
    assert_int_equal(cursor_seek(&w.c, NAN, w.now), -EINVAL);
    assert_int_equal(cursor_seek(&w.c, INFINITY, w.now), 0);
    assert_int_equal(cursor_seek(&w.c, -INFINITY, w.now), 0);
    end(&w);
}

static void a_lost_packet_comes_again_from_the_file(void **state) {
    (void)state;
    struct watch w;
    struct outgoing o;
    enum media_kind kind;
    uint8_t sent[400][1500], again[1500];
    size_t sizes[400], n = 0;
    uint16_t first = 0;
    begin(&w, 0);
    cursor_play(&w.c, w.now);
    for (unsigned step = 0; step < 4; step++) { /* over a seek, a rate and a live stretch */
        for (const usec_t until = w.now + MSEC(300); w.now < until; w.now += MSEC(5)) {
            while (next_packet(&w.c, w.now, &o, &kind)) {
                if (kind == MEDIA_VIDEO && n < 400) {
                    first = n == 0 ? (uint16_t)o.index : first;
                    sizes[n] = made_plaintext(&o, sent[n]);
                    n++;
                }
            }
        }
        if (step == 0) {
            cursor_seek(&w.c, 7.4, w.now);
        } else if (step == 1) {
            cursor_rate(&w.c, 1.5, w.now);
        } else {
            cursor_want_keyframe(&w.c, w.now);
        }
    }
    assert_true(n > 100);
    for (size_t i = 0; i < n; i++) {
        w.c.video.stream.retransmission_credit = 1000; /* the budget is another test's */
        assert_int_equal(cursor_nack(&w.c, 5000, (uint16_t)(first + i), w.now), 0);
        assert_int_equal(cursor_next_retransmission(&w.c, &o), 1);
        assert_int_equal(made_plaintext(&o, again), sizes[i]);
        assert_memory_equal(again, sent[i], sizes[i]);
    }
    assert_int_equal(cursor_nack(&w.c, 1, first, w.now), -ENOENT);
    end(&w);
}

/* The wall-clock time at which a report says that this RTP time plays. */
static int64_t playout(const uint8_t *sr, uint32_t rtp, int64_t rate) {
    const uint64_t ntp = read_be64(sr + 8);
    const int64_t usec = (int64_t)((ntp >> 32) * 1000000 + (((ntp & 0xffffffff) * 1000000) >> 32));
    return usec + (int64_t)(int32_t)(rtp - read_be32(sr + 16)) * 1000000 / rate;
}

static void lips_stay_in_sync_after_every_seek(void **state) {
    (void)state;
    struct watch w;
    uint8_t video[200], audio[200];
    begin(&w, 0);
    cursor_play(&w.c, w.now);
    for (unsigned i = 0; i < 40; i++) {
        cursor_seek(&w.c, (double)((i * 37) % 80) / 10 + 0.013 * i, w.now);
        run(&w, MSEC(40) + MSEC(i % 7 * 30));
        const uint64_t wall = 1700000000000000u + w.now;
        assert_true(cursor_sender_report(&w.c, MEDIA_VIDEO, wall, w.now, bytes_of_text("x"),
                                         (struct room){video, sizeof video}) > 0);
        assert_true(cursor_sender_report(&w.c, MEDIA_AUDIO, wall, w.now, bytes_of_text("x"),
                                         (struct room){audio, sizeof audio}) > 0);
        const int64_t video_media = (int64_t)w.last_frame[MEDIA_VIDEO] * 1000000 / 30;
        const int64_t audio_media = (int64_t)w.last_frame[MEDIA_AUDIO] * 20000;
        const int64_t skew = (playout(video, w.last_time[MEDIA_VIDEO], 90000) - video_media) -
                             (playout(audio, w.last_time[MEDIA_AUDIO], 48000) - audio_media);
        assert_in_range(skew + 5000, 0, 10000); /* ± 5 ms */
    }
    end(&w);
}

static void a_viewer_without_the_codec_is_told(void **state) {
    (void)state;
    struct watch w;
    struct cursor c;
    begin(&w, 0);
    struct media_line line = w.lines[MEDIA_VIDEO];
    line.payloads[0].codec = CODEC_AV1;
    assert_int_equal(cursor_init(&c, &w.presentation, &line, NULL, 0, 1), -ENOTSUP);
    assert_int_equal(cursor_init(&c, &w.presentation, NULL, NULL, 0, 1), -ENOTSUP);
    end(&w);
}

/* The made presentation with a second rung of the same frames in fewer packets. */
static void begin_with_two_rungs(struct watch *w, struct bytes *ret_file) {
    begin(w, 0);
    struct presentation_rung *r = &w->presentation.rungs[w->presentation.rung_count++];
    *ret_file = made_rung(CODEC_VP8, 100, 300, 1, 30, 3000);
    *r = w->presentation.rungs[0];
    assert_int_equal(
        presentation_set_rung(&w->presentation, w->presentation.rung_count - 1, *ret_file), 0);
}

static const struct rung_file *rung_of(const struct watch *w, size_t index) {
    const struct rung_file *rungs[4];
    int current, next;
    assert_int_equal(cursor_rungs(&w->c, rungs, 4, &current, &next), 2);
    return rungs[index];
}

static void another_rung_begins_with_its_next_key_frame_and_nothing_is_lost(void **state) {
    (void)state;
    static struct watch w;
    struct bytes file;
    begin_with_two_rungs(&w, &file);
    cursor_play(&w.c, w.now);
    run(&w, MSEC(1500));
    cursor_set_rung(&w.c, rung_of(&w, 1), w.now);
    run(&w, MSEC(400));
    assert_int_equal(w.packets[MEDIA_VIDEO], 3 * w.frames[MEDIA_VIDEO]); /* still the first */
    run(&w, MSEC(1600));
    assert_ptr_equal(w.c.video.rung, rung_of(&w, 1));
    assert_in_range(w.frames[MEDIA_VIDEO], 105, 106);
    assert_int_equal(w.packets[MEDIA_VIDEO], 3 * 60 + (w.frames[MEDIA_VIDEO] - 60));
    for (uint32_t f = 1; f < w.last_frame[MEDIA_VIDEO]; f++) {
        assert_int_equal(w.time_of_frame[MEDIA_VIDEO][f + 1] - w.time_of_frame[MEDIA_VIDEO][f],
                         3000);
    }
    /* and back again, at another speed */
    cursor_rate(&w.c, 2, w.now);
    cursor_set_rung(&w.c, rung_of(&w, 0), w.now);
    run(&w, MSEC(1000));
    assert_ptr_equal(w.c.video.rung, rung_of(&w, 0));
    assert_int_equal(w.frames[MEDIA_VIDEO], w.last_frame[MEDIA_VIDEO] + 1);
    free((void *)(uintptr_t)file.p);
    end(&w);
}

static void what_was_sent_of_the_rung_before_comes_again_as_it_was(void **state) {
    (void)state;
    static struct watch w;
    struct bytes file;
    struct outgoing o;
    uint8_t sent[16][1500], again[1500];
    size_t sizes[16] = {0}, count = 0;
    begin_with_two_rungs(&w, &file);
    cursor_play(&w.c, w.now);
    run(&w, MSEC(900));
    cursor_set_rung(&w.c, rung_of(&w, 1), w.now);
    while (count < 16) {
        w.now += MSEC(1);
        while (count < 16 && cursor_next(&w.c, MEDIA_VIDEO, w.now, &o) > 0) {
            sizes[count] = made_plaintext(&o, sent[count]);
            count++;
        }
    }
    assert_ptr_equal(w.c.video.rung, rung_of(&w, 1));
    for (size_t i = 0; i < 16; i++) {
        const uint16_t sequence = read_be16(sent[i] + 2);
        assert_int_equal(cursor_nack(&w.c, w.lines[MEDIA_VIDEO].ssrc, sequence, w.now), 0);
        assert_int_equal(cursor_next_retransmission(&w.c, &o), 1);
        assert_int_equal(made_plaintext(&o, again), sizes[i]);
        assert_memory_equal(again, sent[i], sizes[i]);
    }
    free((void *)(uintptr_t)file.p);
    end(&w);
}

static void where_nothing_runs_another_rung_is_shown_at_once(void **state) {
    (void)state;
    static struct watch w;
    struct bytes file;
    begin_with_two_rungs(&w, &file);
    cursor_play(&w.c, w.now);
    run(&w, MSEC(1500));
    cursor_pause(&w.c, w.now);
    forget(&w);
    cursor_set_rung(&w.c, rung_of(&w, 1), w.now);
    run(&w, MSEC(10));
    assert_int_equal(w.packets[MEDIA_VIDEO], w.frames[MEDIA_VIDEO]);
    assert_int_equal(w.first_frame[MEDIA_VIDEO], 30);
    assert_int_equal(w.last_frame[MEDIA_VIDEO], 45);
    cursor_set_rung(&w.c, rung_of(&w, 0), w.now); /* asked for, and then a seek */
    cursor_play(&w.c, w.now);
    cursor_seek(&w.c, 7.2, w.now);
    forget(&w);
    run(&w, MSEC(1));
    assert_int_equal(w.first_frame[MEDIA_VIDEO], 210);
    assert_int_equal(w.packets[MEDIA_VIDEO], 3 * w.frames[MEDIA_VIDEO]);
    free((void *)(uintptr_t)file.p);
    end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plays_in_its_own_time_to_the_end),
        cmocka_unit_test(a_seek_shows_its_frame_at_once),
        cmocka_unit_test(pause_stops_rtp_and_time_passes),
        cmocka_unit_test(double_rate_takes_half_the_time),
        cmocka_unit_test(wild_seeks_keep_the_numbers),
        cmocka_unit_test(a_lost_packet_comes_again_from_the_file),
        cmocka_unit_test(lips_stay_in_sync_after_every_seek),
        cmocka_unit_test(a_viewer_without_the_codec_is_told),
        cmocka_unit_test(another_rung_begins_with_its_next_key_frame_and_nothing_is_lost),
        cmocka_unit_test(what_was_sent_of_the_rung_before_comes_again_as_it_was),
        cmocka_unit_test(where_nothing_runs_another_rung_is_shown_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
