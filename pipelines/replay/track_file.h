/* replay/track_file.h: recorded RTP packets, on their way and on disk. All little-endian.
 *
 * On the record socket a message is at most TRACK_MESSAGE_MAX bytes of records back to back: u32
 * size of the RTP packet, u8 kind (enum media_kind), u8 codec (enum media_codec), u16 flags, u64
 * source, u32 epoch, u32 clock rate, i64 capture µs, i64 arrival µs (CLOCK_MONOTONIC), the packet.
 *
 * A track file is a header of 64 bytes ("PRLTRCK1", u32 codec, u32 clock rate, u64 source, u32
 * epoch, u32 kind, i64 first arrival, zeros) and entries: u32 magic, u32 size of the packet, u32
 * CRC-32 (zlib's) of what follows, u32 flags, i64 capture µs, i64 arrival µs, the packet. A reader
 * passes over torn or flipped bytes to the next entry whose checksum is right. */
#pragma once
#include "base/spans.h"
#include "wire/media_types.h"

#define TRACK_MESSAGE_MAX 65536
#define TRACK_RECORD_HEADER 40
#define TRACK_PACKET_MAX 1600
#define TRACK_HEADER_SIZE 64
#define TRACK_ENTRY_HEADER 32
#define TRACK_ENTRY_MAX (TRACK_ENTRY_HEADER + TRACK_PACKET_MAX)
#define TRACK_FLAG_KEY 1   /* first packet of a key frame */
#define TRACK_FLAG_LAST 2  /* last packet of a frame */
#define TRACK_FLAG_EXACT 4 /* the capture time comes from a sender report, not from arrivals */

/* What all packets of a track have in common. */
struct track_format {
    enum media_kind kind;
    enum media_codec codec;
    uint32_t clock_rate, epoch;
    uint64_t source;
    int64_t first_arrival;
};

struct track_packet {
    int64_t capture, arrival; /* µs */
    uint32_t flags;
    struct bytes rtp; /* a whole packet that rtp_parse takes */
};

/* Takes the next record off a message. 1, 0 at its end, -EBADMSG (`message` is then past that
 * record when its size could be told, else empty). */
int track_record_take(struct bytes *message, struct track_format *ret_format,
                      struct track_packet *ret_packet);

/* Writes one record, as the server does. Its size or -ENOSPC. */
int track_record_write(struct room room, const struct track_format *format,
                       const struct track_packet *packet);

void track_header_write(uint8_t header[TRACK_HEADER_SIZE], const struct track_format *format);

/* Writes one entry of a file. Its size or -ENOSPC. */
int track_entry_write(struct room room, const struct track_packet *packet);

struct track_reader; /* reads from front to back through a window; one thread */

/* Reads and checks the header. 0, -EBADMSG, -ENOMEM or −errno of open(2). */
int track_reader_new(const char *path, struct track_reader **ret);
void track_reader_free(struct track_reader *r); /* NULL is fine */
const struct track_format *track_reader_format(const struct track_reader *r);

/* The next good entry; its packet is valid until the next call. `ret_offset` may be NULL, else it
 * is a place for track_reader_seek. 1, or 0 at the end. */
int track_reader_next(struct track_reader *r, struct track_packet *ret, uint64_t *ret_offset);
void track_reader_seek(struct track_reader *r, uint64_t offset);

/* Bytes that were passed over so far. */
uint64_t track_reader_skipped(const struct track_reader *r);
