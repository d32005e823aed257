/* signal/negotiation_line.h: what one m= line of an offer comes to: its codecs, header extensions,
 * rids and streams. Part of negotiation.c. */
#pragma once
#include "media/media_api.h"
#include "wire/sdp.h"

enum line_outcome {
    LINE_SERVED,
    LINE_NOT_MEDIA, /* data channels, other protocols, port 0 */
    LINE_DIRECTION, /* the role needs it the other way round */
    LINE_NO_CODEC
};

/* Reads the line for `role`; `codecs` are the bits allowed; a publisher's line takes the first
 * offered of `preferred`, if it has one (0: the first of all). Fills mid, kind and, when it is
 * served, everything but our SSRCs. Does not look at transport attributes. */
enum line_outcome negotiation_read_line(const struct sdp *sdp, const struct sdp_media *media,
                                        enum media_role role, uint32_t codecs, uint32_t preferred,
                                        struct media_line *ret);

/* True when the line offers the feedback ("nack pli") for this payload type or for all. */
bool negotiation_offers_feedback(const struct sdp_media *media, unsigned type,
                                 const char *feedback);

const char *negotiation_extension_uri(enum rtp_extension extension);
