/* transport/srtp_rtcp_open.h: opens SRTCP that was sealed by AES-GCM (RFC 7714 §9), by OpenSSL's
 * EVP: viewers report about every packet, some twenty times a second each, and Debian's libsrtp has
 * the slower NSS below it. One thread per object; nothing allocates per packet. */
#pragma once
#include "transport/srtp.h"

#define SRTCP_GCM_OVERHEAD 20 /* tag and index */

struct srtcp_open;

/* What was seen of one SSRC (RFC 3711 §3.3.2, with the window of 64 that it asks for at least).
 * Zeroed is initialised. */
struct srtcp_replay {
    bool started;
    uint32_t highest;
    uint64_t seen; /* bit i: highest − i */
};

struct srtcp_open *srtcp_open_new(const struct srtp_master *remote); /* NULL without memory */
void srtcp_open_free(struct srtcp_open *o);                          /* NULL is fine */

/* Verifies and decrypts in place; `replay` is that of the packet's SSRC and only changed by an
 * authentic packet. The size, -EBADMSG or -EALREADY. */
int srtcp_open_gcm(struct srtcp_open *o, struct srtcp_replay *replay, uint8_t *packet, size_t size);
