/* wire/h264.h: H.264 payloads (RFC 6184) and the profile in its fmtp. */
#pragma once
#include "wire/payload.h"

/* A frame starts with the first slice of a picture or what comes before it (SPS, PPS, AUD, SEI); a
 * key frame starts with an SPS or, without one in front, an IDR slice. Single NAL units, STAP-A and
 * FU-A; other packet types are -EBADMSG. Several packets of one picture may say so
 * (SPS, then IDR slice): the first of a timestamp counts. Of several slices the first starts the
 * picture (first_mb_in_slice is 0). */
int h264_inspect(struct bytes payload, struct payload_info *ret);

enum h264_profile {
    H264_OTHER,
    H264_CONSTRAINED_BASELINE,
    H264_BASELINE,
    H264_MAIN,
    H264_HIGH,
    H264_CONSTRAINED_HIGH
};

/* Of the six hex digits of profile-level-id (RFC 6184 §8.1, table 5). H264_OTHER when malformed. */
enum h264_profile h264_profile_of(struct bytes profile_level_id);
