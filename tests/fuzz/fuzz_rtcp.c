/* RTCP: all readers on every packet of a compound, whatever its type says. */
#include <stdlib.h>

#include "wire/twcc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_reports(const struct rtcp_packet *p) {
    struct rtcp_sender_report sr;
    struct rtcp_report report;
    uint8_t buffer[1024];
    if (rtcp_parse_sr(p, &sr) == 0) {
        rtcp_write_sr((struct room){buffer, sizeof(buffer)}, &sr, NULL, 0);
    }
    for (size_t i = 0; rtcp_parse_report(p, i, &report) == 0; i++) {
        struct rtcp_packet back;
        struct rtcp_report again;
        int n = rtcp_write_rr((struct room){buffer, sizeof(buffer)}, 1, &report, 1);
        struct bytes rest = bytes_of(buffer, (size_t)n);
        if (rtcp_next(&rest, &back) != 1 || rtcp_parse_report(&back, 0, &again) != 0 ||
            again.lost != report.lost || again.highest != report.highest) {
            abort();
        }
    }
}

static void read_names(const struct rtcp_packet *p) {
    uint32_t ssrc, ssrcs[RTCP_SOURCES_MAX];
    struct bytes cname;
    uint8_t buffer[300];
    if (rtcp_parse_sdes(p, &ssrc, &cname) == 0 &&
        rtcp_write_sdes((struct room){buffer, sizeof(buffer)}, ssrc, cname) < 0) {
        abort();
    }
    int n = rtcp_parse_bye(p, ssrcs);
    if (n > 0 && rtcp_write_bye((struct room){buffer, sizeof(buffer)}, ssrcs, (size_t)n) < 0) {
        abort();
    }
}

static void read_feedback(const struct rtcp_packet *p) {
    static usec_t arrivals[TWCC_STATUSES_MAX];
    struct rtcp_nack_reader r;
    struct twcc_feedback feedback;
    uint8_t buffer[4096], command;
    uint32_t sender, media;
    uint64_t bitrate;
    uint16_t sequence;
    if (rtcp_nack_reader_init(&r, p) == 0) {
        size_t count = 0;
        while (rtcp_nack_next(&r, &sequence)) {
            count++;
        }
        if (count > 17 * p->body.n / 4) {
            abort();
        }
    }
    rtcp_parse_feedback(p, &sender, &media);
    rtcp_is_pli(p);
    for (size_t i = 0; rtcp_parse_fir(p, i, &media, &command) == 0; i++) {
    }
    if (rtcp_parse_remb(p, &bitrate) == 0) {
        rtcp_write_remb((struct room){buffer, sizeof(buffer)}, 1, bitrate, NULL, 0);
    }
    int n = twcc_parse(p, &feedback, arrivals, TWCC_STATUSES_MAX);
    if (n > 0 && arrivals[0] != TWCC_LOST) {
        size_t covered;
        if (twcc_write((struct room){buffer, sizeof(buffer)}, &feedback, arrivals, (size_t)n,
                       &covered) < 0) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes rest = bytes_of(data, size);
    struct rtcp_packet p;
    while (rtcp_next(&rest, &p) == 1) {
        read_reports(&p);
        read_names(&p);
        read_feedback(&p);
    }
    return 0;
}
