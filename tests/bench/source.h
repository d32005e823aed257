/* tests/bench/source.h: the one publisher: VP8-like video at 30 fps in 1,200-byte RTP packets
 * (about 1.6 Mbit/s) and Opus at 50 packets a second, on a thread of its own. It goes as plain RTP
 * to a mountpoint of Janus or by WHIP to Parlour, and answers key-frame requests like an encoder:
 * the next frame is one.
 *
 * Every video payload ends with a trailer that says when it was sent, for the forwarding delay. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_PACKET 1200 /* RTP header and payload */
#define SOURCE_TRAILER 16  /* u32 magic, u32 frame, u64 CLOCK_REALTIME in ns; big-endian */
#define SOURCE_MAGIC 0x50524c42u

struct source_counts {
    uint64_t packets; /* video and audio */
    uint64_t frames, key_frames;
    uint64_t requests; /* PLI and FIR from the server */
    uint64_t nacks;
    uint64_t late; /* frames sent more than 5 ms after their time */
};

/* `ip` and three UDP ports of the mountpoint. 0 or −errno. */
int source_start_udp(const char *ip, unsigned video_port, unsigned video_rtcp_port,
                     unsigned audio_port);

/* Publishes to a WHIP endpoint and returns when DTLS is done. 0 or −errno. */
int source_start_whip(const char *url, const char *token);

void source_stop(void);

/* A key frame at least so often; 0: only when asked. */
void source_set_gop(unsigned ms);
/* Packets of a frame, 5 by default; every other frame has one more (0.9 to 1.6 Mbit/s). */
void source_set_size(unsigned packets);
void source_read(struct source_counts *ret);
