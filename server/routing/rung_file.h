/* routing/rung_file.h: reads a mapped packet file of a presentation. Layout (little-endian):
 *
 * header, 64 bytes: 0 magic "PRLRUNG1", 8 u32 codec (enum media_codec), 12 u32 clock rate,
 *   16 u32 speed in percent, 20 u32 width, 24 u32 height, 28 u32 frames, 32 u32 packets, 36 u32
 * zero, 40 u64 duration (ticks of its own timeline), 48 u64 offset of frames, 56 u64 offset of
 * packets frame, 24 bytes: u64 time (ticks), u32 first packet, u16 packets, u16 flags (1: key), u32
 * payload bytes, u32 zero packet, 16 bytes: u64 offset of the RTP payload, u32 size, u32 zero
 *
 * Media seconds = ticks / clock rate × speed / 100. Everything is checked once at opening; reading
 * afterwards needs no checks but those of the payloads themselves. */
#pragma once
#include "base/spans.h"
#include "wire/media_types.h"

#define RUNG_PAYLOAD_MAX 1200
#define RUNG_FRAMES_MAX 4000000
#define RUNG_GOP_MAX 1200 /* frames; a seek goes through them */
#define RUNG_SPEED_MIN 25
#define RUNG_SPEED_MAX 400

struct rung_file {
    struct bytes file;
    enum media_codec codec;
    enum media_kind kind;
    uint32_t clock_rate, speed_percent, width, height;
    uint32_t frame_count, packet_count;
    uint64_t duration;
    const uint8_t *frames, *packets;
};

struct rung_frame {
    uint64_t time;
    uint32_t first_packet;
    uint16_t packet_count;
    bool key;
};

/* Checks the whole index. `file` must stay mapped and unchanged. 0 or -EBADMSG. */
int rung_file_open(struct bytes file, struct rung_file *ret);

/* `index` below frame_count. */
struct rung_frame rung_file_frame(const struct rung_file *r, uint32_t index);

/* `index` below packet_count. */
struct bytes rung_file_packet(const struct rung_file *r, uint32_t index);

/* The last frame at or before `time` ticks (0 when all are later); and the key frame it needs. */
uint32_t rung_file_find(const struct rung_file *r, uint64_t time);
uint32_t rung_file_key_before(const struct rung_file *r, uint32_t frame);

/* Bits a second of its payloads, at the speed of its own timeline, on average. */
uint64_t rung_file_bits(const struct rung_file *r);

/* Frame of a packet. */
uint32_t rung_file_frame_of(const struct rung_file *r, uint32_t packet);

/* Between ticks of the rung and microseconds of media time. */
uint64_t rung_file_ticks(const struct rung_file *r, int64_t media_usec);
int64_t rung_file_media_usec(const struct rung_file *r, uint64_t ticks);
