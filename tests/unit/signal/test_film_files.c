/* Which files of a presentation are for the world, and who may see it. */
#include "signal/presentation.h"
#include "wire/json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct walkthrough_row row; /* 19 KB */

static struct json *manifest(const char *text) {
    struct json *ret = NULL;
    assert_int_equal(json_parse(bytes_of_text(text), 4096, &ret), 0);
    return ret;
}

static void only_what_the_manifest_leads_to_is_served(void **state) {
    (void)state;
    struct json *all = manifest("{\"hls\": \"hls.m3u8\", \"mp4\": \"film.mp4\", "
                                "\"storyboard\": \"storyboard.vtt\"}");
    struct json *none = manifest("{\"hls\": null}");
    static const char *const good[] = {"hls.m3u8",       "hls-1080.m3u8",    "hls-1080.mp4",
                                       "hls-audio.mp4",  "hls-audio.m3u8",   "film.mp4",
                                       "storyboard.vtt", "storyboard-0.jpg", "storyboard-12.jpg"};
    static const char *const bad[] = {
        "",          "manifest.json",     "video-h264-720.rung", "audio-100.rung", "hls",
        "hlsx.mp4",  "hls-1080.mp4.part", "hls-../../x.mp4",     "hls-a/b.mp4",    "hls-1080.rung",
        "film.mp4x", "film-2.mp4",        "storyboard-0.mp4",    ".film.mp4"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(presentation_serves(all, good[i]));
        assert_false(presentation_serves(none, good[i]));
        assert_false(presentation_serves(NULL, good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(presentation_serves(all, bad[i]));
    }
    struct json *odd = manifest("{\"mp4\": \"film.html\", \"hls\": \"hls.m3u8\"}");
    assert_false(presentation_serves(odd, "film.html")); /* a page of ours? */
    json_free(odd);
    odd = manifest("{\"mp4\": \"film\"}");
    assert_false(presentation_serves(odd, "film"));
    json_free(odd);
    json_free(all);
    json_free(none);
}

static void an_address_belongs_to_one_film(void **state) {
    (void)state;
    char url[256];
    struct json *m = manifest("{\"hls\": \"hls.m3u8\", \"mp4\": \"../x\"}");
    row = (struct walkthrough_row){.slug = "lamp", .directory = "abcdef-v1x2y3"};
    assert_int_equal(presentation_url(&row, m, "hls", url, sizeof url), 0);
    assert_string_equal(url, "/w/lamp/files/v1x2y3/hls.m3u8");
    assert_int_equal(presentation_url(&row, m, "mp4", url, sizeof url), -ENOENT);
    assert_int_equal(presentation_url(&row, m, "storyboard", url, sizeof url), -ENOENT);
    assert_int_equal(presentation_url(&row, NULL, "hls", url, sizeof url), -ENOENT);
    assert_int_equal(presentation_url(&row, m, "hls", url, 10), -ENAMETOOLONG);
    json_free(m);
}

static void a_replay_is_for_staff_and_the_guests_of_its_visit(void **state) {
    (void)state;
    const struct actor anyone = {.kind = ACTOR_ANYONE};
    const struct actor guest = {.kind = ACTOR_CUSTOMER, .visit = "v1"};
    const struct actor other = {.kind = ACTOR_CUSTOMER, .visit = "v2"};
    const struct actor encoder = {.kind = ACTOR_ENCODER, .visit = "v1"};
    const struct actor staff = {.kind = ACTOR_STAFF, .role = ROLE_MARKETER};
    row = (struct walkthrough_row){.visit = "v1", .directory = "d"};
    assert_false(presentation_visible(&anyone, &row));
    assert_true(presentation_visible(&guest, &row));
    assert_false(presentation_visible(&other, &row));
    assert_false(presentation_visible(&encoder, &row));
    assert_true(presentation_visible(&staff, &row));
    row.visit[0] = '\0';
    assert_false(presentation_visible(&guest, &row));
    row.published = true;
    assert_true(presentation_visible(&anyone, &row));
    row.directory[0] = '\0';
    assert_false(presentation_visible(&staff, &row));
    assert_true(presentation_may_know(&anyone, &row));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_the_manifest_leads_to_is_served),
        cmocka_unit_test(an_address_belongs_to_one_film),
        cmocka_unit_test(a_replay_is_for_staff_and_the_guests_of_its_visit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
