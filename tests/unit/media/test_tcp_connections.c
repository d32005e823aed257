/* Two media threads driven by hand, and clients that come by TCP: who is let in, who is moved to
 * the other thread, who is shown the door. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mailbox.h"
#include "media/shard.h"
#include "media/tcp_connections.h"
#include "net/connection_quota.h"
#include "net/udp_socket.h"
#include "transport/dtls.h"
#include "wire/framing.h"
#include "wire/stun.h"

#define SHARDS 2
#define OUR_PWD "abcdefghijabcdefghijab"

struct fixture {
    struct shard *shards[SHARDS];
    struct dtls_identity *identity;
    struct mailbox *events;
    struct connection_quota *quota;
    media_id opened; /* the ids up to it */
};

static void wake(void *ctx) {
    (void)ctx;
}

static int start(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    uint16_t udp = 0, tcp = 0;
    *state = f;
    f->identity = dtls_identity_new();
    f->events = mailbox_new(sizeof(struct media_event), 256);
    f->quota = connection_quota_new(4, 3);
    for (unsigned i = 0; i < SHARDS; i++) {
        struct shard_config config = {.index = i,
                                      .count = SHARDS,
                                      .bind = "127.0.0.1",
                                      .port = udp,
                                      .tcp_port = tcp,
                                      .quota = f->quota,
                                      .sessions_max = 16,
                                      .packets_max = 64,
                                      .identity = f->identity,
                                      .events = f->events,
                                      .wake = wake};
        if (shard_open(&config, &f->shards[i]) < 0) {
            return -1;
        }
        udp = shard_port(f->shards[i]);
        tcp = shard_tcp_port(f->shards[i]);
    }
    for (unsigned i = 0; i < SHARDS; i++) {
        shard_share(f->shards[i], f->shards);
    }
    return 0;
}

static void turn(struct fixture *f);

static int stop(void **state) {
    struct fixture *f = *state;
    for (media_id id = 1; id <= f->opened; id++) {
        for (unsigned i = 0; i < SHARDS; i++) {
            shard_post(f->shards[i],
                       &(struct shard_command){.type = SHARD_CLOSE_SESSION, .id = id});
        }
    }
    turn(f);
    for (unsigned i = 0; i < SHARDS; i++) {
        shard_free(f->shards[i]);
    }
    connection_quota_free(f->quota);
    mailbox_free(f->events);
    dtls_identity_free(f->identity);
    free(f);
    return 0;
}

static void turn(struct fixture *f) {
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < SHARDS; i++) {
            shard_round(f->shards[i], MSEC(2));
        }
    }
}

/* A session of the thread `index` whose ufrag is that letter and `name`. */
static void open_session(struct fixture *f, unsigned index, media_id id, const char *name) {
    struct media_session_config *c = calloc(1, sizeof(*c));
    c->session = id;
    c->room = 1;
    c->role = MEDIA_WATCH;
    snprintf(c->local_ice.ufrag, sizeof(c->local_ice.ufrag), "%c%s", 'a' + (int)index, name);
    strcpy(c->local_ice.pwd, OUR_PWD);
    strcpy(c->remote_ice.ufrag, "them");
    strcpy(c->remote_ice.pwd, "0123456789012345678901");
    dtls_identity_digest(f->identity, &c->remote_fingerprint);
    f->opened = id;
    struct shard_command open = {.type = SHARD_OPEN_SESSION, .id = id, .heap = c};
    assert_int_equal(shard_post(f->shards[index], &open), 0);
    turn(f);
}

static int dial(struct fixture *f) {
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(shard_tcp_port(f->shards[0])),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* A framed check for `ufrag`. */
static size_t write_check(uint8_t *buffer, size_t size, const char *ufrag, const char *pwd) {
    char user[ICE_UFRAG_MAX * 2];
    struct stun_request request = {.priority = 1, .use_candidate = true, .controlling = true};
    snprintf(user, sizeof(user), "%s:them", ufrag);
    request.username = bytes_of_text(user);
    int n = stun_write_request((struct room){buffer + FRAMING_HEADER, size - FRAMING_HEADER},
                               &request, bytes_of_text(pwd));
    assert_true(n > 0);
    framing_write_header(buffer, (size_t)n);
    return FRAMING_HEADER + (size_t)n;
}

static bool is_answered(int fd) {
    uint8_t buffer[512];
    struct bytes frame;
    struct stun_message m;
    ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (n <= 0) {
        return false;
    }
    struct bytes stream = bytes_of(buffer, (size_t)n);
    assert_int_equal(framing_next(&stream, sizeof(buffer), &frame), 1);
    assert_int_equal(stun_parse(frame, &m), 0);
    return m.message_class == STUN_SUCCESS;
}

static bool is_closed(int fd) {
    uint8_t byte;
    ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno == ECONNRESET);
}

static int come_in(struct fixture *f, const char *ufrag) {
    uint8_t check[512];
    size_t n = write_check(check, sizeof(check), ufrag, OUR_PWD);
    int fd = dial(f);
    assert_int_equal(send(fd, check, n, 0), n);
    turn(f);
    return fd;
}

/* The kernel spreads connections over the threads; enough of them reach both. */
static void a_check_is_answered_whichever_thread_accepted_it(void **state) {
    struct fixture *f = *state;
    open_session(f, 0, 1, "one");
    open_session(f, 1, 2, "two");
    for (int i = 0; i < 12; i++) {
        int fd = come_in(f, i % 2 ? "aone" : "btwo");
        assert_true(is_answered(fd));
        close(fd);
        turn(f);
    }
}

static void a_check_may_come_in_pieces(void **state) {
    struct fixture *f = *state;
    uint8_t check[512];
    open_session(f, 1, 1, "slow");
    size_t n = write_check(check, sizeof(check), "bslow", OUR_PWD);
    int fd = dial(f);
    for (size_t i = 0; i < n; i++) {
        assert_false(is_answered(fd));
        assert_int_equal(send(fd, check + i, 1, 0), 1);
        if (i % 8 == 0) {
            turn(f);
        }
    }
    turn(f);
    assert_true(is_answered(fd));
    close(fd);
}

static void who_says_no_valid_check_first_is_shown_the_door(void **state) {
    struct fixture *f = *state;
    uint8_t bad[4][512] = {{0xff, 0xff}, {0, 3, 0x80, 0, 0}, {0}, {0}};
    size_t sizes[4] = {2, 5};
    open_session(f, 0, 1, "one");
    sizes[2] = write_check(bad[2], sizeof(bad[2]), "aone", "0123456789012345678901");
    sizes[3] = write_check(bad[3], sizeof(bad[3]), "anobody", OUR_PWD);
    for (size_t i = 0; i < 4; i++) {
        int fd = dial(f);
        assert_int_equal(send(fd, bad[i], sizes[i], 0), sizes[i]);
        turn(f);
        assert_true(is_closed(fd));
        close(fd);
    }
}

static void a_giant_frame_ends_a_connection_that_was_let_in(void **state) {
    struct fixture *f = *state;
    const uint8_t giant[] = {(UDP_DATAGRAM_MAX + 1) >> 8, (UDP_DATAGRAM_MAX + 1) & 255};
    open_session(f, 0, 1, "one");
    int fd = come_in(f, "aone");
    assert_true(is_answered(fd));
    assert_int_equal(send(fd, giant, sizeof(giant), 0), sizeof(giant));
    turn(f);
    assert_true(is_closed(fd));
    close(fd);
}

static void one_address_has_no_more_connections_than_it_may(void **state) {
    struct fixture *f = *state;
    int fds[4];
    open_session(f, 0, 1, "one");
    for (size_t i = 0; i < 4; i++) {
        fds[i] = come_in(f, "aone");
        bool answered = is_answered(fds[i]);
        assert_true(answered || i == 3);
        assert_int_equal(is_closed(fds[i]), i == 3);
    }
    close(fds[0]);
    turn(f);
    int fd = come_in(f, "aone"); /* the place is free again */
    assert_true(is_answered(fd));
    assert_false(is_closed(fd));
    close(fd);
    for (size_t i = 1; i < 4; i++) {
        close(fds[i]);
    }
}

static void those_that_never_speak_make_room_for_others(void **state) {
    struct fixture *f = *state;
    int fds[SHARDS * TCP_UNPROVEN_ADDRESS_MAX + 40];
    size_t closed = 0;
    open_session(f, 0, 1, "one");
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        fds[i] = dial(f);
        turn(f);
    }
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        closed += is_closed(fds[i]);
        close(fds[i]);
    }
    assert_true(closed >= 40);
    turn(f);
    int fd = come_in(f, "aone");
    assert_true(is_answered(fd));
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_check_is_answered_whichever_thread_accepted_it),
        TEST(a_check_may_come_in_pieces),
        TEST(who_says_no_valid_check_first_is_shown_the_door),
        TEST(a_giant_frame_ends_a_connection_that_was_let_in),
        TEST(one_address_has_no_more_connections_than_it_may),
        TEST(those_that_never_speak_make_room_for_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
