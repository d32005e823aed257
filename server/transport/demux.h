/* transport/demux.h: what a datagram on the one port is, by its first bytes (RFC 7983 §7, RFC 5761
 * §4). */
#pragma once
#include "base/spans.h"

enum datagram_kind { DATAGRAM_UNKNOWN, DATAGRAM_STUN, DATAGRAM_DTLS, DATAGRAM_RTP, DATAGRAM_RTCP };

static inline enum datagram_kind datagram_kind(struct bytes datagram) {
    if (datagram.n == 0) {
        return DATAGRAM_UNKNOWN;
    }
    uint8_t first = datagram.p[0];
    if (first < 4) {
        return DATAGRAM_STUN;
    }
    if (first >= 20 && first < 64) {
        return DATAGRAM_DTLS;
    }
    if (first >= 128 && first < 192 && datagram.n >= 8) {
        return datagram.p[1] >= 192 && datagram.p[1] < 224 ? DATAGRAM_RTCP : DATAGRAM_RTP;
    }
    return DATAGRAM_UNKNOWN;
}
