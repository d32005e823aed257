/* live/test_card.h: the test source's picture and sound, made so that a program can read them back.
 *
 * Picture, W×H, I420, limited range, BT.601:
 * - across the top, H/12 rows: 32 cells of W/32 columns, white (luma 235) for 1, black (16) for 0:
 *   1 0 1 0, then 24 bits of the frame number (most significant first), then 4 bits: the exclusive
 * or of the number's six nibbles. Frame n is shown at n / fps seconds of running time.
 * - under it, as high: from the left three patches of W/8 columns in pure red (81, 90, 240), green
 *   (145, 54, 34) and blue (41, 240, 110).
 * - a square of H/4 in the lower right corner: white during the first 100 ms of each second, else
 * black.
 * - the rest: a room with a lamp that wanders from side to side, once in 4 s.
 * Sound: 1 kHz during the same 100 ms, else silence. */
#pragma once
#include "base/spans.h"

#define TEST_CARD_FLASH_MS 100

struct test_card_planes {
    uint8_t *data[3];
    int stride[3];
    int width, height; /* both even, at least 160×120 */
};

void test_card_draw(const struct test_card_planes *to, uint32_t frame, double seconds);

/* The frame number in a picture's luma plane, or -1 when the strip cannot be read. */
int64_t test_card_read(const uint8_t *luma, int stride, int width, int height);

/* True when the square flashes. */
bool test_card_flashes(const uint8_t *luma, int stride, int width, int height);

/* `frames` stereo samples at 48 kHz, starting with sample number `first`. */
void test_card_sound(int16_t *to, size_t frames, uint64_t first);
