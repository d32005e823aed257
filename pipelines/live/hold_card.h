/* live/hold_card.h: the calm picture a live source shows while nothing comes in: a dark gradient
 * with three dots, of which one is lit, so that it is seen to be alive. No words: it is for
 * everybody. I420, limited range, BT.601. */
#pragma once
#include "live/test_card.h"

#define HOLD_CARD_PHASES 3

/* `phase` says which dot is lit. */
void hold_card_draw(const struct test_card_planes *to, unsigned phase);
