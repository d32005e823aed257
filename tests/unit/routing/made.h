/* tests/unit/routing/made.h: publishers' packets, viewers' lines and rung files made to order. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>

#include "routing/cursor.h"
#include "routing/demux.h"
#include "routing/subscription.h"
#include "routing/twcc_receiver.h"

#include <cmocka.h>

/* A VP8 stream that counts for itself. */
struct made {
    struct packet_pool *pool;
    struct capture_clock clock;
    struct media_line line;
    struct track track;
    uint32_t ssrc, timestamp;
    uint16_t sequence, picture_id;
    uint8_t tl0picidx;
};

void made_init(struct made *m, usec_t now);       /* VP8 with NACK and PLI */
void made_init_audio(struct made *m, usec_t now); /* Opus */
void made_clear(struct made *m);

/* One packet of the current frame, not yet given to the track. `part` of `parts`; the payload has
 * `size` bytes. The stream's numbers move on. */
struct packet *made_packet(struct made *m, bool key, unsigned part, unsigned parts, size_t size,
                           usec_t now);
/* A whole frame of `parts` packets into the track. Returns the last track_input. */
int made_frame(struct made *m, bool key, unsigned parts, usec_t now);

/* A viewer's line: VP8 96 (RTX 97 when `rtx`), H.264 98, Opus 111; mid "m" with id 4. */
struct media_line made_viewer_line(enum media_kind kind, bool rtx);

/* The whole plaintext of an outgoing packet. */
size_t made_plaintext(const struct outgoing *o, uint8_t ret[static 1500]);

/* A rung file to free(): `frames` of `packets` each, every `gop`-th a key, `step` ticks apart. */
struct bytes made_rung(enum media_codec codec, uint32_t speed, uint32_t frames, uint32_t packets,
                       uint32_t gop, uint32_t step);
/* 10 s of VP8 (30 fps, keys each second) and Opus at 100 and 200 percent. */
void made_presentation(struct presentation *ret, struct bytes ret_files[static 3]);
