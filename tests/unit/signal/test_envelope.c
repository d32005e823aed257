/* The WebSocket's envelope and the fixtures of tests/protocol, which the web client reads too. */
#include "media/media_api.h"
#include "signal/envelope.h"
#include "signal/websocket.h"
#include "visit/visit.h"
#include "wire/json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct json *fixture(const char *name) {
    static char buffer[65536];
    char path[512];
    struct json *value = NULL;

    snprintf(path, sizeof path, PROTOCOL "/%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n = fread(buffer, 1, sizeof buffer, file);
    fclose(file);
    assert_int_equal(json_parse(bytes_of(buffer, n), sizeof buffer, &value), 0);
    return value;
}

static void client_messages_of_the_fixtures_are_understood(void **state) {
    struct json *all = fixture("client.json");
    const struct json *accepted = json_get(all, "accepted");

    (void)state;
    assert_true(json_count(accepted) > 5);
    for (size_t i = 0; i < json_count(accepted); i++) {
        char *text = json_write_text(json_at(accepted, i), false, NULL);
        const char *type = NULL;
        struct envelope e;
        assert_int_equal(envelope_parse(bytes_of_text(text), &e), 0);
        assert_int_equal(json_get_text(json_at(accepted, i), "type", &type), 0);
        assert_string_equal(e.type, type);
        envelope_clear(&e);
        free(text);
    }
    json_free(all);
}

static void malformed_messages_of_the_fixtures_are_refused(void **state) {
    struct json *all = fixture("client.json");
    const struct json *refused = json_get(all, "refused");

    (void)state;
    assert_true(json_count(refused) > 5);
    for (size_t i = 0; i < json_count(refused); i++) {
        struct envelope e;
        assert_int_equal(envelope_parse(bytes_of_text(json_text(json_at(refused, i))), &e),
                         -EINVAL);
    }
    json_free(all);
}

static void long_messages_are_refused(void **state) {
    char *text = malloc(WS_MESSAGE_MAX + 2);
    struct envelope e;

    (void)state;
    memset(text, ' ', WS_MESSAGE_MAX + 1);
    assert_int_equal(envelope_parse(bytes_of(text, WS_MESSAGE_MAX + 1), &e), -EMSGSIZE);
    free(text);
}

/* A visit with everything in it, always the same. */
static struct visit *scene(void) {
    struct visit_config config = {.id = "visit1",
                                  .summary = {.title = "Tea", .recording = RECORDING_ASK},
                                  .participants_max = 8,
                                  .sources_max = 8,
                                  .first_seq = 100};
    struct visit *v = visit_new(&config);
    struct visit_join rep = {.actor = {.kind = ACTOR_STAFF, .role = ROLE_REP, .id = "u1"},
                             .name = "Mara"};
    struct visit_join ada = {.actor = {.kind = ACTOR_CUSTOMER, .id = "i1", .visit = "visit1"},
                             .name = "Ada"};
    const struct matte matte = {.laid_out = true,
                                .measured = true,
                                .layout = {.width = 512,
                                           .height = 1280,
                                           .colour = {0, 0, 1, 0.46875},
                                           .matte = {0, 0.53125, 1, 0.46875},
                                           .guard = {0, 0.46875, 1, 0.0625},
                                           .black = {0.125, 0.484375, 0.25, 0.03125},
                                           .white = {0.625, 0.484375, 0.25, 0.03125}},
                                .person = {.height_mm = 1780, .head = 0.0625, .feet = 1.75}};
    char rep_id[ID_MAX], ada_id[ID_MAX], camera[ID_MAX], screen[ID_MAX];

    assert_non_null(v);
    assert_int_equal(visit_join(v, &rep, rep_id), 0);
    visit_invite_opened(v, "i1", "Ada");
    assert_int_equal(visit_join(v, &ada, ada_id), 0);
    visit_consent(v, ada_id, true, false);
    assert_int_equal(visit_add_source(v, rep_id, SOURCE_CAMERA, 7, true, true, camera), 0);
    visit_source_alive(v, 7, true, true);
    assert_int_equal(visit_add_source(v, rep_id, SOURCE_SCREEN, 8, false, true, screen), 0);
    visit_set_main(v, camera);
    visit_rename(v, ada_id, "Ada L.");
    visit_consent(v, ada_id, true, true);
    assert_int_equal(visit_ask(v, ada_id, "Does it come in green?", SEC(9), 1763769600123), 0);
    visit_remove_source(v, 8);
    visit_leave(v, ada_id);
    visit_set_matte(v, 7, &matte);
    visit_end(v);
    return v;
}

static void events_are_written_as_in_the_fixtures(void **state) {
    struct json *all = fixture("server.json");
    const struct json *events = json_get(all, "events");
    struct visit *v = scene();
    const struct visit_event *e;
    uint64_t seq = 99;
    size_t i = 0;

    (void)state;
    for (; (e = visit_event_after(v, seq)) != NULL; i++, seq = e->seq) {
        char *got = envelope_event(v, e);
        char *expected = json_write_text(json_at(events, i), false, NULL);
        assert_string_equal(got, expected != NULL ? expected : "");
        free(got);
        free(expected);
    }
    assert_int_equal(i, json_count(events));
    visit_free(v);
    json_free(all);
}

static void the_state_is_written_as_in_the_fixtures(void **state) {
    struct json *all = fixture("server.json");
    struct visit *v = scene();
    struct json *got = envelope_state(v);
    char *text = json_write_text(got, false, NULL);
    char *expected = json_write_text(json_get(all, "state"), false, NULL);

    (void)state;
    assert_string_equal(text, expected != NULL ? expected : "");
    free(text);
    free(expected);
    json_free(got);
    visit_free(v);
    json_free(all);
}

/* What is told without being an event of the visit. */
static char *news(size_t i) {
    const struct media_event quality = {
        .quality = {.dots = 3, .loss = 0.25F, .rtt_ms = 40, .kbit_s = 1200}};
    const struct media_event unplayable = {
        .unplayable = {.kind = MEDIA_VIDEO, .codec = CODEC_H264}};
    const struct feed_news lost = {
        .source = "s1", .state = "lost", .delay_ms = -1, .detail = "h264 1280x720 30 fps"};
    const struct feed_news connected = {
        .source = "s1", .state = "connected", .delay_ms = 240, .detail = "h264 1280x720 30 fps"};

    switch (i) {
    case 0:
        return envelope_quality("p2", &quality);
    case 1:
        return envelope_unplayable(&unplayable);
    case 2:
        return envelope_going_away(30);
    case 3:
        return envelope_feed(&lost);
    case 4:
        return envelope_feed(&connected);
    default:
        return NULL;
    }
}

static void news_are_written_as_in_the_fixtures(void **state) {
    struct json *all = fixture("server.json");
    const struct json *list = json_get(all, "news");
    char *got;
    size_t i = 0;

    (void)state;
    for (; (got = news(i)) != NULL; i++) {
        char *expected = json_write_text(json_at(list, i), false, NULL);
        assert_string_equal(got, expected != NULL ? expected : "");
        free(got);
        free(expected);
    }
    assert_int_equal(i, json_count(list));
    json_free(all);
}

static void replies_carry_the_id(void **state) {
    char *ok = envelope_text("ok", "7", 0, NULL);
    char *error = envelope_error("8", "forbidden", "No.");
    char *nameless = envelope_text("ok", "", 3, NULL);

    (void)state;
    assert_string_equal(ok, "{\"v\":1,\"id\":\"7\",\"type\":\"ok\",\"data\":{}}");
    assert_string_equal(error, "{\"v\":1,\"id\":\"8\",\"type\":\"error\",\"data\":{\"code\":"
                               "\"forbidden\",\"message\":\"No.\"}}");
    assert_string_equal(nameless, "{\"v\":1,\"type\":\"ok\",\"seq\":3,\"data\":{}}");
    free(ok);
    free(error);
    free(nameless);
}

/* Prints server.json anew, for when the protocol grows: test_envelope --print */
static int print(void) {
    struct visit *v = scene();
    const struct visit_event *e;
    struct json *got = envelope_state(v);
    char *text = json_write_text(got, false, NULL);

    printf("{\n\"state\": %s,\n\"events\": [", text);
    for (uint64_t seq = 99; (e = visit_event_after(v, seq)) != NULL; seq = e->seq) {
        char *event = envelope_event(v, e);
        printf("%s\n%s", seq == 99 ? "" : ",", event);
        free(event);
    }
    printf("\n],\n\"news\": [");
    char *told;
    for (size_t i = 0; (told = news(i)) != NULL; i++) {
        printf("%s\n%s", i == 0 ? "" : ",", told);
        free(told);
    }
    printf("\n]\n}\n");
    free(text);
    json_free(got);
    visit_free(v);
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_messages_of_the_fixtures_are_understood),
        cmocka_unit_test(malformed_messages_of_the_fixtures_are_refused),
        cmocka_unit_test(long_messages_are_refused),
        cmocka_unit_test(events_are_written_as_in_the_fixtures),
        cmocka_unit_test(the_state_is_written_as_in_the_fixtures),
        cmocka_unit_test(news_are_written_as_in_the_fixtures),
        cmocka_unit_test(replies_carry_the_id),
    };

    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        return print();
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
