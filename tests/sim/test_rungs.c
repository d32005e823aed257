/* tests/sim/test_rungs.c: one picture in three rungs with RTP times of their own, and a viewer that
 * is moved between them: every frame it gets can be decoded, nothing stands still, and lips stay in
 * sync; on lossy links too. */
#include "model.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define RUNGS 3
#define CHANGE_EVERY MSEC(1430)
#define END SEC(50)

struct outcome {
    uint64_t frames, undecodable, incomplete;
    uint64_t picture_id_breaks, time_breaks;
    unsigned changes;
    usec_t longest_gap;   /* between two frames that can be decoded, as they were sent */
    int64_t longest_back; /* how far a change went back in capture time */
    int64_t skew_worst;
    unsigned plis;
};

/* Goes through what came, in the order of its numbers, as a decoder that knows no other source of
 * frames than the one before. */
static void judge(const struct viewer_stream *s, struct outcome *o) {
    struct model_mark last = {0};
    uint32_t parts = 0, last_time = 0;
    uint16_t last_id = 0;
    usec_t last_sent = 0;
    bool whole = false, any = false;
    for (uint64_t i = 0; i < s->next_sent - s->first; i++) {
        const struct received *r = &s->log[i];
        if (r->first_sent > END - SEC(1)) {
            break; /* what was lost may still come again */
        }
        if (!r->here) {
            parts = 0;
            continue;
        }
        parts = r->mark.fragment == 0 ? 1 : parts > 0 ? parts + 1 : 0;
        if (!r->marker) {
            continue;
        }
        if (parts != r->mark.fragments) {
            o->incomplete++;
            whole = false;
            continue;
        }
        const struct received *first = &s->log[i + 1 - parts];
        const bool follows =
            whole && r->mark.source == last.source && r->mark.frame == last.frame + 1;
        if (!first->key && !follows) {
            o->undecodable++;
            continue;
        }
        if (any) {
            o->picture_id_breaks += r->picture_id != ((last_id + 1) & 0x7fff);
            o->time_breaks += (int32_t)(r->timestamp - last_time) <= 0;
            o->longest_gap = first->first_sent - last_sent > o->longest_gap
                                 ? first->first_sent - last_sent
                                 : o->longest_gap;
            const int64_t back = (int64_t)last.captured - (int64_t)r->mark.captured;
            o->longest_back = back > o->longest_back ? back : o->longest_back;
        }
        any = whole = true;
        last = r->mark;
        last_id = r->picture_id;
        last_time = r->timestamp;
        last_sent = first->first_sent;
        o->frames++;
    }
}

/* The publishers of the model, made to be rungs of one source: one wall clock. */
static void make_rungs(struct publisher rungs[static RUNGS], double loss) {
    for (unsigned i = 0; i < RUNGS; i++) {
        publisher_init(&rungs[i], i + 1, loss, 99 + i, SEC(10));
        rungs[i].ntp_offset = 1234567890u;
        rungs[i].tracks[MODEL_VIDEO].clock = &rungs[0].clock;
        rungs[i].up.delay = MSEC(20 + 60 * i); /* bigger pictures come later */
    }
}

static void run(double up_loss, double down_loss, struct outcome *o) {
    static struct publisher rungs[RUNGS];
    struct viewer v;
    make_rungs(rungs, up_loss);
    viewer_init(&v, true, down_loss, 5);
    memset(o, 0, sizeof *o);
    unsigned step = 0;
    for (usec_t now = SEC(10); now < END; now += MODEL_TICK) {
        if (now == SEC(11)) {
            viewer_switch(&v, &rungs[0], now);
        }
        if (now > SEC(13) && now < END - SEC(3) && (now - SEC(13)) % CHANGE_EVERY == 0) {
            static const unsigned order[] = {1, 2, 0, 2, 1, 0};
            viewer_want_rung(&v, &rungs[order[step++ % 6]], now);
        }
        for (unsigned i = 0; i < RUNGS; i++) {
            publisher_run(&rungs[i], now);
        }
        viewer_run(&v, now);
    }
    const struct viewer_stream *video = &v.streams[MODEL_VIDEO];
    assert_int_equal(video->sent_sequence_breaks, 0);
    assert_int_equal(video->sent_time_breaks, 0);
    assert_int_equal(video->different_repeats, 0);
    judge(video, o);
    o->changes = v.rung_changes;
    o->skew_worst = v.skew_worst;
    for (unsigned i = 0; i < RUNGS; i++) {
        o->plis += rungs[i].plis;
        publisher_clear(&rungs[i]);
    }
    viewer_clear(&v);
    print_message("%u changes: %llu frames, %llu cannot be decoded, %llu in pieces; longest gap "
                  "%llu ms, furthest back %lld ms, lips %lld ms, %u requests\n",
                  o->changes, (unsigned long long)o->frames, (unsigned long long)o->undecodable,
                  (unsigned long long)o->incomplete, (unsigned long long)o->longest_gap / 1000,
                  (long long)o->longest_back / 1000, (long long)o->skew_worst / 1000, o->plis);
}

static void changes_of_rung_lose_no_frame_and_no_time(void **state) {
    (void)state;
    struct outcome o;
    run(0, 0, &o);
    assert_in_range(o.changes, 20, 30);
    assert_true(o.frames > 39 * 30 - 3 * o.changes);
    assert_int_equal(o.undecodable + o.incomplete, 0);
    assert_int_equal(o.picture_id_breaks, 0);
    assert_int_equal(o.time_breaks, 0);
    assert_in_range(o.longest_gap, 0, MSEC(80));
    assert_in_range(o.longest_back, MSEC(30), MSEC(120)); /* it was put to the test */
    assert_in_range(o.skew_worst, 0, MSEC(40));
    assert_in_range(o.plis, 1, 40); /* one a second at most and rung */
}

static void changes_of_rung_break_nothing_on_lossy_links(void **state) {
    (void)state;
    struct outcome o;
    run(0, 0.05, &o);
    assert_in_range(o.changes, 20, 30);
    assert_int_equal(o.undecodable, 0); /* all that was lost came again */
    assert_int_equal(o.incomplete, 0);
    assert_int_equal(o.picture_id_breaks, 0);
    assert_int_equal(o.time_breaks, 0);
    assert_in_range(o.longest_gap, 0, MSEC(80));
    run(0.02, 0.05, &o);
    assert_in_range(o.changes, 18, 30);
    assert_int_equal(o.undecodable, 0);
    assert_int_equal(o.incomplete, 0);
    assert_int_equal(o.time_breaks, 0);
    assert_in_range(o.longest_gap, 0, MSEC(300));
}

static void a_rung_without_key_frames_leaves_the_other_running(void **state) {
    (void)state;
    static struct publisher rungs[RUNGS];
    struct viewer v;
    struct outcome o = {0};
    make_rungs(rungs, 0);
    viewer_init(&v, true, 0, 5);
    for (usec_t now = SEC(10); now < SEC(20); now += MODEL_TICK) {
        if (now == SEC(11)) {
            viewer_switch(&v, &rungs[0], now);
        }
        if (now == SEC(13)) {
            viewer_want_rung(&v, &rungs[1], now);
        }
        publisher_run(&rungs[0], now);
        if (now < SEC(13)) { /* then it falls silent */
            publisher_run(&rungs[1], now);
        }
        viewer_run(&v, now);
    }
    judge(&v.streams[MODEL_VIDEO], &o);
    assert_int_equal(v.rung_changes, 0);
    assert_int_equal(o.undecodable + o.incomplete, 0);
    assert_in_range(o.longest_gap, 0, MSEC(80));
    for (unsigned i = 0; i < RUNGS; i++) {
        publisher_clear(&rungs[i]);
    }
    viewer_clear(&v);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_of_rung_lose_no_frame_and_no_time),
        cmocka_unit_test(changes_of_rung_break_nothing_on_lossy_links),
        cmocka_unit_test(a_rung_without_key_frames_leaves_the_other_running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
