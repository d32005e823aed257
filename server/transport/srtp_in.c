/* The one file that includes libsrtp: opens incoming packets, but for the RTCP of GCM. */
#include "transport/srtp.h"
#include "transport/srtp_rtcp_open.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <srtp2/srtp.h>
#include <stdlib.h>

#define REPLAY_WINDOW 1024 /* packets; RFC 3711 §3.3.2 asks for 64 at least */

struct srtp_in {
    srtp_t session;
    size_t rtp_min, rtcp_min;         /* fixed header, tag and index of the profile */
    uint32_t ssrcs[SRTP_STREAMS_MAX]; /* of authentic packets */
    struct srtcp_replay replays[SRTP_STREAMS_MAX];
    size_t ssrc_count;
    struct srtcp_open *rtcp; /* GCM; NULL: libsrtp opens RTCP too */
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static bool library_ready;

static void start_library(void) {
    library_ready = srtp_init() == srtp_err_status_ok;
}

struct srtp_in *srtp_in_new(const struct srtp_keys *keys) {
    pthread_once(&library_once, start_library);
    srtp_policy_t policy = {.ssrc = {.type = ssrc_any_inbound}, .window_size = REPLAY_WINDOW};
    size_t salt_size, tag_size;
    switch (keys->profile) {
    case SRTP_PROFILE_GCM_128:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
        salt_size = 12;
        tag_size = 16;
        break;
    case SRTP_PROFILE_CM_SHA1_80:
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
        salt_size = 14;
        tag_size = 10;
        break;
    case SRTP_PROFILE_NONE:
    default:
        return NULL;
    }
    uint8_t key[16 + 14];
    memcpy(key, keys->remote.key, 16);
    memcpy(key + 16, keys->remote.salt, salt_size);
    policy.key = key;
    struct srtp_in *in = calloc(1, sizeof *in);
    bool ok =
        library_ready && in != NULL && srtp_create(&in->session, &policy) == srtp_err_status_ok;
    explicit_bzero(key, sizeof key);
    if (!ok) {
        free(in);
        return NULL;
    }
    if (keys->profile == SRTP_PROFILE_GCM_128) {
        in->rtcp = srtcp_open_new(&keys->remote);
        if (in->rtcp == NULL) {
            srtp_in_free(in);
            return NULL;
        }
    }
    in->rtp_min = 12 + tag_size;
    in->rtcp_min = 8 + 4 + tag_size;
    return in;
}

void srtp_in_free(struct srtp_in *in) {
    if (in != NULL) {
        srtp_dealloc(in->session);
        srtcp_open_free(in->rtcp);
        free(in);
    }
}

static bool knows(const struct srtp_in *in, uint32_t ssrc) {
    for (size_t i = 0; i < in->ssrc_count; i++) {
        if (in->ssrcs[i] == ssrc) {
            return true;
        }
    }
    return false;
}

/* libsrtp makes a stream of an SSRC once a packet of it was authentic, so only those count. */
static int opened(struct srtp_in *in, srtp_err_status_t status, uint32_t ssrc, bool known,
                  int size) {
    if (status == srtp_err_status_ok) {
        if (!known) {
            in->replays[in->ssrc_count] = (struct srtcp_replay){0};
            in->ssrcs[in->ssrc_count++] = ssrc;
        }
        return size;
    }
    bool replayed = status == srtp_err_status_replay_fail || status == srtp_err_status_replay_old;
    return replayed ? -EALREADY : -EBADMSG;
}

int srtp_in_open_rtp(struct srtp_in *in, uint8_t *packet, size_t size) {
    if (size < in->rtp_min || size > UINT16_MAX) {
        return -EBADMSG;
    }
    uint32_t ssrc = read_be32(packet + 8);
    bool known = knows(in, ssrc);
    if (!known && in->ssrc_count == SRTP_STREAMS_MAX) {
        return -ENOSPC;
    }
    int n = (int)size;
    srtp_err_status_t status = srtp_unprotect(in->session, packet, &n);
    return opened(in, status, ssrc, known, n);
}

static int open_gcm(struct srtp_in *in, uint8_t *packet, size_t size, uint32_t ssrc, bool known) {
    size_t at = 0;
    while (at < in->ssrc_count && in->ssrcs[at] != ssrc) {
        at++;
    }
    if (!known) {
        in->replays[at] = (struct srtcp_replay){0};
    }
    const int n = srtcp_open_gcm(in->rtcp, &in->replays[at], packet, size);
    if (n >= 0 && !known) {
        in->ssrcs[in->ssrc_count++] = ssrc;
    }
    return n;
}

int srtp_in_open_rtcp(struct srtp_in *in, uint8_t *packet, size_t size) {
    if (size < in->rtcp_min || size > UINT16_MAX) {
        return -EBADMSG;
    }
    uint32_t ssrc = read_be32(packet + 4);
    bool known = knows(in, ssrc);
    if (!known && in->ssrc_count == SRTP_STREAMS_MAX) {
        return -ENOSPC;
    }
    if (in->rtcp != NULL) {
        return open_gcm(in, packet, size, ssrc, known);
    }
    int n = (int)size;
    srtp_err_status_t status = srtp_unprotect_rtcp(in->session, packet, &n);
    return opened(in, status, ssrc, known, n);
}

void srtp_in_remove(struct srtp_in *in, uint32_t ssrc) {
    for (size_t i = 0; i < in->ssrc_count; i++) {
        if (in->ssrcs[i] == ssrc) {
            srtp_remove_stream(in->session, htonl(ssrc));
            in->ssrcs[i] = in->ssrcs[--in->ssrc_count];
            in->replays[i] = in->replays[in->ssrc_count];
            return;
        }
    }
}
