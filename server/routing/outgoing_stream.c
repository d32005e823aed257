#include "routing/outgoing_stream.h"
#include "wire/h264.h"
#include "wire/rtp.h"
#include <errno.h>

#define RTX_PREFIX 2
#define CREDIT_MAX (96 * 1024)
#define CREDIT_SHARE 4 /* a quarter of what is sent may be sent again */
#define AGAIN_MIN_MS 10
#define EARLY_REPORTS 3

/* 1, 2, 3 …: the first n of these bytes are RTP padding of n bytes (the last one counts). */
static const uint8_t padding_bytes[FRAGMENT_PADDING_MAX] = {
    1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44,
    45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64};

/* RFC 3550 §5.1: only the last byte of padding says something. */
static const uint8_t stuffing[STREAM_PADDING] = {[STREAM_PADDING - 1] = STREAM_PADDING};

void outgoing_stream_init(struct outgoing_stream *s, const struct media_line *line, uint64_t seed) {
    memset(s, 0, sizeof *s);
    s->line = line;
    s->next = seed & 0x7fff;
    s->rtx_next = (seed >> 15) & 0x7fff;
    s->rtp_zero = (uint32_t)(seed >> 32);
    s->last_timestamp = s->rtp_zero - 1;
    s->last_picture_id = (uint16_t)((seed >> 20) & 0x7fff);
    s->last_tl0picidx = (uint8_t)(seed >> 40);
    s->last_frame_number = (uint16_t)(seed >> 36);
    s->report_due = USEC_NEVER;
    s->retransmission_credit = CREDIT_MAX;
    s->clock_rate = line->kind == MEDIA_VIDEO ? 90000 : 48000;
}

/* ---- The header ---- */

static uint8_t extension_id(const struct outgoing_stream *s, enum rtp_extension e) {
    return s->line->extension_ids[e];
}

static size_t put_element(uint8_t *p, bool two_byte, uint8_t id, size_t room, struct bytes value) {
    size_t at = 0;
    if (value.n == 0) { /* RFC 8285 §4.1.2: zero bytes are padding anywhere */
        memset(p, 0, room + (two_byte ? 2 : 1));
        return room + (two_byte ? 2 : 1);
    }
    if (two_byte) {
        p[at++] = id;
        p[at++] = (uint8_t)value.n;
    } else {
        p[at++] = (uint8_t)(id << 4 | (value.n - 1));
    }
    memcpy(p + at, value.p, value.n);
    memset(p + at + value.n, 0, room - value.n);
    return at + room;
}

static void set_fixed(const struct outgoing_stream *s, uint8_t *h, bool extended) {
    memset(h, 0, RTP_HEADER_MIN);
    h[0] = extended ? 0x90 : 0x80;
    h[1] = s->payload->type;
    write_be32(h + 8, s->line->ssrc);
}

/* Closes an extension whose elements end at `at`. */
static size_t close_extension(uint8_t *h, size_t at, bool two_byte) {
    while ((at & 3) != 0) {
        h[at++] = 0;
    }
    write_be16(h + RTP_HEADER_MIN, two_byte ? RTP_TWO_BYTE_PROFILE : RTP_ONE_BYTE_PROFILE);
    write_be16(h + RTP_HEADER_MIN + 2, (uint16_t)((at - RTP_HEADER_MIN - 4) / 4));
    return at;
}

/* The place of the transport-wide number, filled in when the packet leaves. */
static size_t put_number(uint8_t *h, size_t at, bool two_byte, uint8_t id, uint8_t *ret_at) {
    static const uint8_t none[2] = {0};
    *ret_at = (uint8_t)(at + (two_byte ? 2 : 1));
    return put_element(h + at, two_byte, id, sizeof none, bytes_of(none, sizeof none));
}

/* The header of a packet without extras: number, mid, and the place for the level of a voice. */
static void make_template(struct outgoing_stream *s) {
    const uint8_t mid = extension_id(s, EXT_MID);
    const uint8_t level = s->line->kind == MEDIA_AUDIO ? extension_id(s, EXT_AUDIO_LEVEL) : 0;
    const bool two_byte = mid > 14 || level > 14 || extension_id(s, EXT_TWCC) > 14;
    uint8_t *h = s->template;
    const uint8_t number = s->numbered ? extension_id(s, EXT_TWCC) : 0;
    memset(h, 0, sizeof s->template);
    set_fixed(s, h, mid != 0 || level != 0 || number != 0);
    s->template_size = RTP_HEADER_MIN;
    s->level_at = s->number_at = 0;
    if (mid == 0 && level == 0 && number == 0) {
        return;
    }
    size_t at = RTP_HEADER_MIN + 4;
    if (number != 0) {
        at += put_number(h, at, two_byte, number, &s->number_at);
    }
    if (mid != 0) {
        const struct bytes value = bytes_of_text(s->line->mid);
        at += put_element(h + at, two_byte, mid, value.n, value);
    }
    if (level != 0) {
        const uint8_t none = 0;
        s->level_from = (uint8_t)at;
        s->level_at = (uint8_t)(at + (two_byte ? 2 : 1));
        at += put_element(h + at, two_byte, level, 1, bytes_of(&none, 1));
    }
    s->template_size = (uint8_t)close_extension(h, at, two_byte);
}

/* The extensions that go on to viewers, in the order in which they are written. */
static const enum rtp_extension passed_on[] = {EXT_ABS_CAPTURE_TIME, EXT_VIDEO_ORIENTATION,
                                               EXT_COLOR_SPACE, EXT_DEPENDENCY, EXT_PLAYOUT_DELAY};
#define PASSED_ON (sizeof passed_on / sizeof passed_on[0])

/* A header with the extras of this batch; all packets of the batch get the same size. */
static size_t write_extended(struct outgoing_stream *s, const struct fragment *f,
                             const struct stream_range *range, uint8_t *h, uint8_t *ret_number_at) {
    const uint8_t number = s->numbered ? extension_id(s, EXT_TWCC) : 0;
    const uint8_t mid = extension_id(s, EXT_MID);
    const uint8_t level = f->has_audio_level ? extension_id(s, EXT_AUDIO_LEVEL) : 0;
    bool two_byte = mid > 14 || level > 14 || number > 14, any = false;
    for (size_t i = 0; i < PASSED_ON; i++) {
        const enum rtp_extension e = passed_on[i];
        if (f->extensions->room[e] != 0 && extension_id(s, e) != 0) {
            any = true;
            two_byte = two_byte || f->extensions->room[e] > 16 || extension_id(s, e) > 14;
        }
    }
    if (!any) {
        return 0;
    }
    set_fixed(s, h, true);
    size_t at = RTP_HEADER_MIN + 4;
    if (number != 0) {
        at += put_number(h, at, two_byte, number, ret_number_at);
    }
    if (mid != 0) {
        const struct bytes value = bytes_of_text(s->line->mid);
        at += put_element(h + at, two_byte, mid, value.n, value);
    }
    if (level != 0) {
        at += put_element(h + at, two_byte, level, 1, bytes_of(&f->audio_level, 1));
    }
    for (size_t i = 0; i < PASSED_ON; i++) {
        const enum rtp_extension e = passed_on[i];
        const size_t room = f->extensions->room[e];
        if (room == 0 || extension_id(s, e) == 0) {
            continue;
        }
        uint8_t *value_at = h + at + (two_byte ? 2 : 1);
        at += put_element(h + at, two_byte, extension_id(s, e), room, f->extensions->values[e]);
        if (e == EXT_DEPENDENCY && f->extensions->values[e].n >= 3) { /* after the first byte */
            write_be16(value_at + 1, (uint16_t)(read_be16(value_at + 1) + range->frame_number));
        }
    }
    return close_extension(h, at, two_byte);
}

static uint32_t timestamp_of(const struct stream_range *r, const struct fragment *f) {
    if (r->squeeze != 0) {
        return r->timestamp + (f->frame - r->base) * r->squeeze;
    }
    if (r->rate_percent != 0) {
        const uint64_t ticks = (uint32_t)(f->timestamp - r->base);
        return r->timestamp + (uint32_t)(ticks * 100 / r->rate_percent);
    }
    return r->timestamp + f->timestamp;
}

/* A pure function of fragment, range and index. Returns the RTP time. */
static uint32_t write_packet(struct outgoing_stream *s, const struct fragment *f,
                             const struct stream_range *range, uint64_t index,
                             struct outgoing *ret) {
    uint8_t *h = ret->header;
    const uint32_t timestamp = timestamp_of(range, f);
    ret->number_at = 0;
    size_t size = f->extensions != NULL ? write_extended(s, f, range, h, &ret->number_at) : 0;
    if (size == 0) {
        ret->number_at = s->number_at;
        memcpy(h, s->template, sizeof s->template);
        size = s->template_size;
        if (s->level_at != 0) {
            if (f->has_audio_level) {
                h[s->level_at] = f->audio_level;
            } else { /* zeros are padding */
                memset(h + s->level_from, 0, (size_t)(s->level_at - s->level_from + 1));
            }
        }
    }
    if (f->marker) {
        h[1] |= 0x80;
    }
    if (f->padding != 0) {
        h[0] |= 0x20;
    }
    write_be16(h + 2, (uint16_t)index);
    write_be32(h + 4, timestamp);
    memcpy(ret->prefix, f->prefix, FRAGMENT_PREFIX_MAX);
    if (f->picture_id_at != 0) {
        write_be16(ret->prefix + f->picture_id_at,
                   (uint16_t)(0x8000 | (f->picture_id + range->picture_id)));
    }
    if (f->tl0picidx_at != 0) {
        ret->prefix[f->tl0picidx_at] = (uint8_t)(f->tl0picidx + range->tl0picidx);
    }
    ret->header_size = (uint16_t)size;
    ret->prefix_size = f->prefix_size;
    ret->payload = f->payload.n != 0 ? f->payload : bytes_of(padding_bytes, 0);
    ret->tail = bytes_of(padding_bytes, f->padding);
    ret->size = (uint16_t)(size + f->prefix_size + f->payload.n + f->padding);
    ret->index = index;
    ret->frame_end = f->frame_end;
    ret->retransmission = ret->padding = false;
    return timestamp;
}

/* ---- Ranges ---- */

/* The profile of an H.264 fmtp. */
static enum h264_profile profile_of(const char *fmtp) {
    const char *p = strstr(fmtp, "profile-level-id=");
    if (p == NULL || strlen(p) < 17 + 6) {
        return H264_OTHER;
    }
    return h264_profile_of(bytes_of(p + 17, 6));
}

static bool has_rtx(const struct outgoing_stream *s) {
    return s->payload != NULL && s->payload->rtx_type != 0 && s->line->rtx_ssrc != 0;
}

int outgoing_stream_set_codec(struct outgoing_stream *s, enum media_codec codec, const char *fmtp) {
    const struct media_payload *found = NULL;
    for (size_t i = 0; i < s->line->payload_count; i++) {
        const struct media_payload *p = &s->line->payloads[i];
        if (p->codec != codec) {
            continue;
        }
        if (codec == CODEC_H264 && profile_of(p->fmtp) == profile_of(fmtp)) {
            found = p;
            break;
        }
        found = found != NULL ? found : p;
    }
    if (found == NULL) {
        return -ENOTSUP;
    }
    s->payload = found;
    s->numbered = found->twcc && extension_id(s, EXT_TWCC) != 0 && (has_rtx(s) || !found->nack);
    s->clock_rate = media_codec_clock(codec);
    make_template(s);
    return 0;
}

uint32_t outgoing_stream_time(struct outgoing_stream *s, int64_t local) {
    if (!s->placed) {
        s->placed = true;
        s->zero = local;
    }
    return s->rtp_zero + (uint32_t)((local - s->zero) * (int64_t)s->clock_rate / 1000000);
}

uint32_t outgoing_stream_place(struct outgoing_stream *s, int64_t local, uint32_t frames,
                               uint32_t first, struct stream_range *ret) {
    uint32_t exact = outgoing_stream_time(s, local);
    uint32_t squeeze = STREAM_SQUEEZE_TICKS;
    if (s->packets != 0) {
        int32_t available = (int32_t)(exact - s->last_timestamp) - 1;
        if (available < (int32_t)frames) { /* not even one tick each: a little later than exact */
            exact = s->last_timestamp + frames + 1;
            available = (int32_t)frames;
        }
        if (frames > 0 && (uint32_t)available / frames < squeeze) {
            squeeze = (uint32_t)available / frames;
        }
    }
    ret->timestamp = exact - frames * squeeze;
    ret->squeeze = (uint16_t)(frames > 0 ? squeeze : 0);
    ret->base = first;
    return exact;
}

static void add_range(struct outgoing_stream *s, const struct fragment *f,
                      struct stream_range range) {
    range.source_start = f->sequence;
    range.start = s->next;
    s->range_newest = (uint8_t)((s->range_newest + 1) % STREAM_RANGES);
    s->ranges[s->range_newest] = range;
    if (s->range_count < STREAM_RANGES) {
        s->range_count++;
    }
}

void outgoing_stream_begin(struct outgoing_stream *s, const struct fragment *f,
                           struct stream_range range) {
    range.picture_id = (uint16_t)(s->last_picture_id + 1 - f->picture_id);
    range.tl0picidx = (uint8_t)(s->last_tl0picidx + 1 - f->tl0picidx);
    range.frame_number = 0;
    if (f->extensions != NULL && f->extensions->values[EXT_DEPENDENCY].n >= 3) {
        range.frame_number = (uint16_t)(s->last_frame_number + 1 -
                                        read_be16(f->extensions->values[EXT_DEPENDENCY].p + 1));
    }
    add_range(s, f, range);
}

void outgoing_stream_continue(struct outgoing_stream *s, const struct fragment *f,
                              struct stream_range range) {
    const struct stream_range *before = &s->ranges[s->range_newest];
    range.picture_id = before->picture_id;
    range.tl0picidx = before->tl0picidx;
    range.frame_number = before->frame_number;
    add_range(s, f, range);
}

void outgoing_stream_write(struct outgoing_stream *s, const struct fragment *f,
                           struct outgoing *ret) {
    const struct stream_range *range = &s->ranges[s->range_newest];
    const uint64_t index = range->start + (f->sequence - range->source_start);
    s->last_timestamp = write_packet(s, f, range, index, ret);
    if (f->picture_id_at != 0) {
        s->last_picture_id = (uint16_t)((f->picture_id + range->picture_id) & 0x7fff);
    }
    if (f->tl0picidx_at != 0) {
        s->last_tl0picidx = (uint8_t)(f->tl0picidx + range->tl0picidx);
    }
    if (f->extensions != NULL && f->extensions->values[EXT_DEPENDENCY].n >= 3) {
        s->last_frame_number = (uint16_t)(read_be16(f->extensions->values[EXT_DEPENDENCY].p + 1) +
                                          range->frame_number);
    }
    s->next = index + 1;
    s->packets++;
    s->octets += (uint32_t)(f->prefix_size + f->payload.n);
    s->bytes += ret->size;
    s->retransmission_credit += ret->size / CREDIT_SHARE;
    if (s->retransmission_credit > CREDIT_MAX) {
        s->retransmission_credit = CREDIT_MAX;
    }
}

/* ---- Retransmissions ---- */

/* The range that this index was sent from. */
static const struct stream_range *range_of(const struct outgoing_stream *s, uint64_t index) {
    for (size_t i = 0; i < s->range_count; i++) {
        const struct stream_range *r =
            &s->ranges[(s->range_newest + STREAM_RANGES - i) % STREAM_RANGES];
        if (r->start <= index) {
            return r;
        }
    }
    return NULL;
}

/* The newest index below `next` with this number; false when there is none. */
static bool index_of(const struct outgoing_stream *s, uint16_t sequence, uint64_t *ret) {
    const uint64_t newest = s->next - 1;
    const uint16_t back = (uint16_t)((uint16_t)newest - sequence);
    if (s->packets == 0 || back >= 0x8000 || back > newest) {
        return false;
    }
    *ret = newest - back;
    return range_of(s, *ret) != NULL;
}

/* True when it was asked for within a round trip; else remembers it. */
static bool asked_lately(struct outgoing_stream *s, uint16_t sequence, usec_t now) {
    const uint32_t rtt = s->quality.rtt_ms;
    const uint16_t wait = (uint16_t)(rtt > AGAIN_MIN_MS ? (rtt > 1000 ? 1000 : rtt) : AGAIN_MIN_MS);
    const uint16_t now_ms = (uint16_t)(now / 1000);
    for (size_t i = 0; i < s->recent_count; i++) {
        struct stream_recent *r = &s->recent[i];
        if (r->sequence == sequence) {
            if ((uint16_t)(now_ms - r->at_ms) < wait) {
                return true;
            }
            r->at_ms = now_ms;
            return false;
        }
    }
    s->recent[s->recent_next] = (struct stream_recent){.sequence = sequence, .at_ms = now_ms};
    s->recent_next = (uint8_t)((s->recent_next + 1) % STREAM_RECENT);
    if (s->recent_count < STREAM_RECENT) {
        s->recent_count++;
    }
    return false;
}

int outgoing_stream_nack(struct outgoing_stream *s, uint16_t sequence, usec_t now) {
    uint64_t index;
    if (!index_of(s, sequence, &index) || (s->numbered && !has_rtx(s))) {
        return -ENOENT;
    }
    if (s->queue_count >= STREAM_RETRANSMISSIONS_MAX || s->retransmission_credit <= 0) {
        return -ENOBUFS;
    }
    if (asked_lately(s, sequence, now)) {
        return -EALREADY;
    }
    s->queue[(s->queue_first + s->queue_count) % STREAM_RETRANSMISSIONS_MAX] = sequence;
    s->queue_count++;
    return 0;
}

int outgoing_stream_next_nack(struct outgoing_stream *s, uint64_t *ret_index, uint64_t *ret_source,
                              const struct stream_range **ret_range) {
    while (s->queue_count > 0) {
        const uint16_t sequence = s->queue[s->queue_first];
        s->queue_first = (uint8_t)((s->queue_first + 1) % STREAM_RETRANSMISSIONS_MAX);
        s->queue_count--;
        uint64_t index;
        if (!index_of(s, sequence, &index)) {
            continue;
        }
        const struct stream_range *range = range_of(s, index);
        *ret_index = index;
        *ret_source = range->source_start + (index - range->start);
        *ret_range = range;
        return 1;
    }
    return 0;
}

/* RFC 4588 §4: the stream's own SSRC, type and numbers, and the original number in front. */
static void wrap_in_rtx(struct outgoing_stream *s, uint64_t index, struct outgoing *ret) {
    uint8_t *h = ret->header;
    h[0] &= (uint8_t)~0x20;
    h[1] = (uint8_t)((h[1] & 0x80) | s->payload->rtx_type);
    write_be16(h + 2, (uint16_t)s->rtx_next);
    write_be32(h + 8, s->line->rtx_ssrc);
    memmove(ret->prefix + RTX_PREFIX, ret->prefix, ret->prefix_size);
    write_be16(ret->prefix, (uint16_t)index);
    ret->prefix_size = (uint16_t)(ret->prefix_size + RTX_PREFIX);
    ret->size = (uint16_t)(ret->size + RTX_PREFIX - ret->tail.n);
    ret->tail = bytes_of(padding_bytes, 0);
    ret->index = s->rtx_next++;
}

void outgoing_stream_rewrite(struct outgoing_stream *s, const struct fragment *f, uint64_t index,
                             const struct stream_range *range, struct outgoing *ret) {
    write_packet(s, f, range, index, ret);
    if (has_rtx(s)) {
        wrap_in_rtx(s, index, ret);
    }
    ret->retransmission = true;
    s->retransmitted++;
    s->retransmission_credit -= ret->size;
    s->bytes += ret->size;
}

/* ---- Probes ---- */

bool outgoing_stream_pad(struct outgoing_stream *s, struct outgoing *ret) {
    if (!has_rtx(s) || s->packets == 0) {
        return false;
    }
    memcpy(ret->header, s->template, sizeof s->template);
    uint8_t *h = ret->header;
    h[0] |= 0x20;
    h[1] = s->payload->rtx_type;
    write_be16(h + 2, (uint16_t)s->rtx_next);
    write_be32(h + 4, s->last_timestamp);
    write_be32(h + 8, s->line->rtx_ssrc);
    ret->header_size = s->template_size;
    ret->prefix_size = 0;
    ret->payload = bytes_of(stuffing, 0);
    ret->tail = bytes_of(stuffing, sizeof stuffing);
    ret->size = (uint16_t)(s->template_size + sizeof stuffing);
    ret->index = s->rtx_next++;
    ret->number_at = s->number_at;
    ret->frame_end = ret->retransmission = false;
    ret->padding = true;
    s->bytes += ret->size;
    return true;
}

bool outgoing_stream_newest(const struct outgoing_stream *s, uint64_t *ret_index,
                            uint64_t *ret_source, const struct stream_range **ret_range) {
    if (!has_rtx(s) || s->packets == 0) {
        return false;
    }
    *ret_index = s->next - 1;
    *ret_range = &s->ranges[s->range_newest];
    if (*ret_index < (*ret_range)->start) {
        return false;
    }
    *ret_source = (*ret_range)->source_start + (*ret_index - (*ret_range)->start);
    return true;
}

void outgoing_stream_repeat(struct outgoing_stream *s, const struct fragment *f, uint64_t index,
                            const struct stream_range *range, struct outgoing *ret) {
    outgoing_stream_rewrite(s, f, index, range, ret);
    s->retransmission_credit += ret->size;
    s->retransmitted--;
    ret->retransmission = false;
    ret->padding = true;
}

/* ---- Reports ---- */

bool outgoing_stream_report_is_due(const struct outgoing_stream *s, usec_t now) {
    return now >= s->report_due;
}

void outgoing_stream_report_soon(struct outgoing_stream *s, usec_t now) {
    s->report_due = now;
    s->early_reports = EARLY_REPORTS;
}

int outgoing_stream_report(struct outgoing_stream *s, uint32_t rtp, uint64_t unix_usec, usec_t now,
                           struct bytes cname, struct room room) {
    s->report_due = now + STREAM_REPORT_INTERVAL;
    if (s->packets == s->packets_reported) {
        return 0;
    }
    if (s->early_reports > 0) {
        s->early_reports--;
        s->report_due = now + STREAM_REPORT_EARLY;
    }
    s->packets_reported = s->packets;
    const struct rtcp_sender_report sr = {
        .ssrc = s->line->ssrc,
        .ntp = clock_ntp_of_unix(unix_usec),
        .rtp = rtp,
        .packets = s->packets,
        .octets = s->octets,
    };
    const int sr_size = rtcp_write_sr(room, &sr, NULL, 0);
    if (sr_size < 0) {
        return sr_size;
    }
    const struct room rest = {.p = room.p + sr_size, .n = room.n - (size_t)sr_size};
    const int sdes_size = rtcp_write_sdes(rest, s->line->ssrc, cname);
    return sdes_size < 0 ? sdes_size : sr_size + sdes_size;
}

static uint8_t dots_of(const struct stream_quality *q) {
    const float rtt = (float)q->rtt_ms;
    if (q->loss < 0.02f && rtt < 250) {
        return 4;
    }
    if (q->loss < 0.06f && rtt < 450) {
        return 3;
    }
    return q->loss < 0.15f && rtt < 800 ? 2 : 1;
}

bool outgoing_stream_receiver_report(struct outgoing_stream *s, const struct rtcp_report *report,
                                     uint64_t unix_usec) {
    if (report->ssrc != s->line->ssrc) {
        return false;
    }
    struct stream_quality *q = &s->quality;
    const float loss = (float)report->fraction_lost / 256.0f;
    q->loss = q->known ? q->loss * 0.5f + loss * 0.5f : loss;
    q->known = true;
    if (report->last_sr != 0) { /* RFC 3550 §6.4.1: A − LSR − DLSR, in 1/65536 s */
        const uint32_t arrival = (uint32_t)(clock_ntp_of_unix(unix_usec) >> 16);
        const uint32_t rtt = arrival - report->last_sr - report->delay;
        if (rtt < 10u << 16) { /* more, or less than 0: nonsense */
            q->rtt_ms = (uint32_t)(((uint64_t)rtt * 1000 + 0x8000) >> 16);
        }
    }
    q->dots = dots_of(q);
    return true;
}
