/* presentation/annexb.h: walks the NAL units of an H.264 byte stream (ITU-T H.264 Annex B). */
#pragma once
#include "base/spans.h"

#include <stdbool.h>

enum nal_type { NAL_SLICE = 1, NAL_IDR = 5, NAL_SPS = 7, NAL_PPS = 8 };

/* Takes the next NAL unit, without its start code and trailing zeros, off `stream`; false at its
 * end. */
bool annexb_next(struct bytes *stream, struct bytes *ret);
