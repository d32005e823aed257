/* transport/srtp_kdf.h: SRTP key derivation (RFC 3711 §4.3) with a key derivation rate of zero. */
#pragma once
#include "transport/srtp.h"

/* RFC 3711 §4.3.1, §4.3.2 */
enum srtp_label {
    SRTP_LABEL_RTP_KEY = 0,
    SRTP_LABEL_RTP_AUTH = 1,
    SRTP_LABEL_RTP_SALT = 2,
    SRTP_LABEL_RTCP_KEY = 3,
    SRTP_LABEL_RTCP_AUTH = 4,
    SRTP_LABEL_RTCP_SALT = 5
};

/* Fills `ret` with key stream of AES-CM under the master key. A salt of 12 bytes is padded on the
 * right to 14 (RFC 7714 §11). 0, -EINVAL for more than 32 bytes or another salt, or -ENOMEM. */
int srtp_derive(const uint8_t master_key[static 16], struct bytes master_salt,
                enum srtp_label label, struct room ret);
