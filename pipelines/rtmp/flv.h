/* rtmp/flv.h: Flash Video streams ("Adobe Flash Video File Format Specification" 10.1, annex E),
 * read and written. Sans-IO. What is read is hostile.
 *
 * Between our gate and our ingest the StreamID of a tag, always 0 in files, carries how many
 * milliseconds passed from the message's first byte to its last one. */
#pragma once
#include "base/spans.h"

#define FLV_TAG_MAX (4u << 20)
#define FLV_HEADER_SIZE 13 /* with the first PreviousTagSize */
#define FLV_TAG_HEADER_SIZE 11
#define FLV_TAG_END_SIZE 4

enum flv_type { FLV_NOTHING = 0, FLV_AUDIO = 8, FLV_VIDEO = 9, FLV_SCRIPT = 18 };

struct flv_tag {
    enum flv_type type; /* FLV_NOTHING: more bytes are needed */
    uint32_t timestamp; /* milliseconds; wraps */
    uint32_t took;      /* StreamID: milliseconds */
    struct bytes body;
};

struct flv_reader {
    uint8_t *data; /* the header or the tag that is coming in */
    size_t size, room;
    bool begun; /* the stream's header is behind us */
};

/* A zeroed reader is ready. */
void flv_reader_clear(struct flv_reader *r);

/* Takes bytes up to the end of one tag and returns how many. `ret->body` is valid until the next
 * call. -EPROTO: this is no FLV, or a tag is over FLV_TAG_MAX; -ENOMEM. */
int flv_read(struct flv_reader *r, struct bytes in, struct flv_tag *ret);

void flv_write_header(uint8_t to[FLV_HEADER_SIZE]);
void flv_write_tag_header(uint8_t to[FLV_TAG_HEADER_SIZE], enum flv_type type, uint32_t timestamp,
                          uint32_t took, size_t body);
void flv_write_tag_end(uint8_t to[FLV_TAG_END_SIZE], size_t body);

enum flv_content {
    FLV_CONFIG,  /* AVCDecoderConfigurationRecord, AudioSpecificConfig */
    FLV_FRAME,   /* one access unit with sizes before its NAL units; one raw AAC frame */
    FLV_IGNORED, /* end of sequence, command frames, empty ones */
    FLV_FOREIGN  /* no H.264 or no AAC */
};

struct flv_media {
    enum flv_content content;
    bool key;            /* of video */
    int32_t composition; /* milliseconds from decoding to showing */
    struct bytes payload;
    char codec[16]; /* of FLV_FOREIGN: for people */
};

void flv_video(struct bytes body, struct flv_media *ret);
void flv_audio(struct bytes body, struct flv_media *ret);

/* A 32-bit timestamp that wraps, near `last`, as one that does not. */
uint64_t flv_unwrap(uint64_t last, uint32_t timestamp);
