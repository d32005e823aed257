/* Recorded packets come back as they went, and damage costs what it touches. */
#include "harness.h"
#include "replay/track_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COUNT 200

static const struct track_format format = {.kind = MEDIA_AUDIO,
                                           .codec = CODEC_OPUS,
                                           .clock_rate = 48000,
                                           .epoch = 3,
                                           .source = 0x1234567890abcdefu,
                                           .first_arrival = 77};

/* Packet i: its number, and a size of its own. */
static struct track_packet packet_of(unsigned i, uint8_t rtp[TRACK_PACKET_MAX]) {
    size_t n = 20 + i * 7 % 1400;
    memset(rtp, (int)i, n);
    rtp[0] = 0x80;
    rtp[1] = 111;
    write_be16(rtp + 2, (uint16_t)i);
    return (struct track_packet){
        .capture = 1000 + i, .arrival = 2000 + i, .flags = i & 7, .rtp = bytes_of(rtp, n)};
}

static size_t write_file(uint8_t *file, size_t room, size_t offsets[COUNT]) {
    uint8_t rtp[TRACK_PACKET_MAX];
    size_t n = TRACK_HEADER_SIZE;
    track_header_write(file, &format);
    for (unsigned i = 0; i < COUNT; i++) {
        struct track_packet p = packet_of(i, rtp);
        offsets[i] = n;
        int r = track_entry_write((struct room){file + n, room - n}, &p);
        assert_true(r > 0);
        n += (size_t)r;
    }
    return n;
}

static char path[] = "/tmp/parlour-track-XXXXXX";
static uint8_t file[COUNT * TRACK_ENTRY_MAX + TRACK_HEADER_SIZE];
static size_t offsets[COUNT];

static struct track_reader *open_file(size_t size) {
    struct track_reader *r = NULL;
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(file, 1, size, f), size);
    fclose(f);
    assert_int_equal(track_reader_new(path, &r), 0);
    return r;
}

/* How many packets come back; each must be one that was written. */
static unsigned read_all(struct track_reader *r, bool seen[COUNT]) {
    struct track_packet p;
    uint8_t rtp[TRACK_PACKET_MAX];
    uint64_t offset;
    unsigned count = 0;
    while (track_reader_next(r, &p, &offset) > 0) {
        unsigned i = read_be16(p.rtp.p + 2);
        assert_true(i < COUNT);
        struct track_packet expected = packet_of(i, rtp);
        assert_true(bytes_equal(p.rtp, expected.rtp));
        assert_int_equal(p.capture, expected.capture);
        assert_int_equal(p.arrival, expected.arrival);
        assert_int_equal(p.flags, expected.flags);
        assert_int_equal(offset, offsets[i]);
        seen[i] = true;
        count++;
    }
    return count;
}

static void packets_come_back(void **state) {
    (void)state;
    bool seen[COUNT] = {0};
    struct track_reader *r = open_file(write_file(file, sizeof(file), offsets));
    assert_int_equal(track_reader_format(r)->source, format.source);
    assert_int_equal(track_reader_format(r)->epoch, 3);
    assert_int_equal(track_reader_format(r)->first_arrival, 77);
    assert_int_equal(read_all(r, seen), COUNT);
    assert_int_equal(track_reader_skipped(r), 0);
    track_reader_seek(r, offsets[100]);
    assert_int_equal(read_all(r, seen), COUNT - 100);
    track_reader_free(r);
}

static void damage_costs_what_it_touches(void **state) {
    (void)state;
    bool seen[COUNT] = {0};
    size_t size = write_file(file, sizeof(file), offsets);
    file[offsets[10]] ^= 1;        /* the magic */
    file[offsets[20] + 5] ^= 0x40; /* a size that reaches far */
    file[offsets[30] + 6] = 0xff;  /* one past the end */
    file[offsets[40] + 17] ^= 8;   /* a time */
    file[offsets[50] + 40] ^= 8;   /* the packet */
    memset(file + offsets[60], 0, offsets[62] - offsets[60]);
    struct track_reader *r = open_file(size - 5); /* a torn tail */
    assert_int_equal(read_all(r, seen), COUNT - 8);
    assert_false(seen[10] || seen[20] || seen[30] || seen[40] || seen[50] || seen[60] || seen[61]);
    assert_false(seen[COUNT - 1]);
    assert_true(track_reader_skipped(r) > 0);
    track_reader_free(r);
}

static void what_is_no_track_is_refused(void **state) {
    (void)state;
    struct track_reader *r = NULL;
    size_t size = write_file(file, sizeof(file), offsets);
    FILE *f = fopen(path, "wb");
    file[28] = 7; /* kind */
    fwrite(file, 1, size, f);
    fclose(f);
    assert_int_equal(track_reader_new(path, &r), -EBADMSG);
    assert_int_equal(truncate(path, 20), 0);
    assert_int_equal(track_reader_new(path, &r), -EBADMSG);
    assert_int_equal(track_reader_new("/nowhere/at/all", &r), -ENOENT);
}

static void records_go_through_a_message(void **state) {
    (void)state;
    static uint8_t message[TRACK_MESSAGE_MAX];
    uint8_t rtp[TRACK_PACKET_MAX];
    struct track_format f;
    struct track_packet p;
    size_t n = 0;
    for (unsigned i = 0; i < 5; i++) {
        struct track_packet out = packet_of(i, rtp);
        n += (size_t)track_record_write((struct room){message + n, sizeof(message) - n}, &format,
                                        &out);
    }
    struct bytes rest = bytes_of(message, n);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(track_record_take(&rest, &f, &p), 1);
        assert_int_equal(read_be16(p.rtp.p + 2), i);
        assert_int_equal(f.source, format.source);
    }
    assert_int_equal(track_record_take(&rest, &f, &p), 0);

    /* A bad record in between costs itself; a size that cannot be costs the rest. */
    message[TRACK_RECORD_HEADER + 20 + 5] = CODEC_VP8; /* of the second: video codec as audio */
    rest = bytes_of(message, n);
    assert_int_equal(track_record_take(&rest, &f, &p), 1);
    assert_int_equal(track_record_take(&rest, &f, &p), -EBADMSG);
    assert_int_equal(track_record_take(&rest, &f, &p), 1);
    message[3] = 0x7f;
    rest = bytes_of(message, n);
    assert_int_equal(track_record_take(&rest, &f, &p), -EBADMSG);
    assert_int_equal(track_record_take(&rest, &f, &p), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_come_back),
        cmocka_unit_test(damage_costs_what_it_touches),
        cmocka_unit_test(what_is_no_track_is_refused),
        cmocka_unit_test(records_go_through_a_message),
    };
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return r;
}
