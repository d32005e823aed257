/* transport/srtp.h: SRTP and SRTCP (RFC 3711, RFC 7714). libsrtp opens what arrives; what is
 * hot, sealing and opening viewers' feedback, is OpenSSL's EVP and is checked against libsrtp.
 *
 * One thread per object. Nothing allocates per packet, except the first of a new incoming SSRC. */
#pragma once
#include "base/spans.h"

/* Values of the DTLS use_srtp extension (RFC 5764 §4.1.2, RFC 7714 §14.2). */
enum srtp_profile {
    SRTP_PROFILE_NONE = 0,
    SRTP_PROFILE_CM_SHA1_80 = 0x0001, /* SRTP_AES128_CM_HMAC_SHA1_80 */
    SRTP_PROFILE_GCM_128 = 0x0007     /* SRTP_AEAD_AES_128_GCM */
};

#define SRTP_OVERHEAD_MAX 16  /* what sealing adds to an RTP packet */
#define SRTCP_OVERHEAD_MAX 20 /* and to an RTCP packet */
#define SRTP_STREAMS_MAX 64   /* incoming SSRCs of one session, RTP and RTCP together */

struct srtp_master {
    uint8_t key[16];
    uint8_t salt[14]; /* GCM uses the first 12 */
};

struct srtp_keys {
    enum srtp_profile profile;
    struct srtp_master local;  /* seals what we send */
    struct srtp_master remote; /* opens what we receive */
};

struct srtp_in;
struct srtp_out;

/* NULL without memory or for an unknown profile. The keys are copied. */
struct srtp_in *srtp_in_new(const struct srtp_keys *keys);
void srtp_in_free(struct srtp_in *in); /* NULL is fine */

/* Verifies and decrypts in place. The size of the plain packet, or
 * -EBADMSG: no RTP, too short, or authentication failed; -EALREADY: replayed or too old;
 * -ENOSPC: a further SSRC beyond SRTP_STREAMS_MAX. After an error the buffer's content is
 * undefined. Nothing of a packet may be believed before this returned a size. */
int srtp_in_open_rtp(struct srtp_in *in, uint8_t *packet, size_t size);
int srtp_in_open_rtcp(struct srtp_in *in, uint8_t *packet, size_t size);

/* Forgets an SSRC whose owner left, so that another may take its place. */
void srtp_in_remove(struct srtp_in *in, uint32_t ssrc);

/* NULL without memory or for an unknown profile. */
struct srtp_out *srtp_out_new(const struct srtp_keys *keys);
void srtp_out_free(struct srtp_out *out); /* NULL is fine */

/* Seals one RTP packet. `header` (with CSRCs and extensions) is copied in clear and authenticated;
 * the parts, in order, become the encrypted payload: they are read once from where they lie and
 * may be empty. `index` is ROC << 16 | sequence number; the SSRC is the header's. The same index
 * must never seal different bytes. Returns the size written, header + parts + tag, or -ENOSPC,
 * -EINVAL for a header below 12 bytes, or -EIO (never seen: OpenSSL refused). `room` must not
 * overlap header or parts. */
int srtp_out_seal(struct srtp_out *out, struct bytes header, const struct bytes parts[],
                  size_t part_count, uint64_t index, struct room room);

/* Seals one compound RTCP packet; the SRTCP index is counted inside. The size, -EINVAL for less
 * than 8 bytes, -ENOSPC, or -EOVERFLOW after 2^31 packets. */
int srtp_out_seal_rtcp(struct srtp_out *out, struct bytes packet, struct room room);
