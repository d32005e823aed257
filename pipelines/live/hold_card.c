#include "live/hold_card.h"

#define TOP 58
#define LOW 30
#define U_CARD 134
#define V_CARD 120
#define DOT_DIM 78
#define DOT_LIT 196

static void draw_dot(const struct test_card_planes *to, int cx, int cy, int radius, uint8_t luma) {
    for (int y = -radius; y <= radius; y++) {
        uint8_t *row = to->data[0] + (ptrdiff_t)(cy + y) * to->stride[0];
        for (int x = -radius; x <= radius; x++) {
            if (x * x + y * y <= radius * radius) {
                row[cx + x] = luma;
            }
        }
    }
}

void hold_card_draw(const struct test_card_planes *to, unsigned phase) {
    for (int y = 0; y < to->height; y++) {
        int luma = TOP + (LOW - TOP) * y / to->height;
        memset(to->data[0] + (ptrdiff_t)y * to->stride[0], luma, (size_t)to->width);
    }
    for (int y = 0; y < to->height / 2; y++) {
        memset(to->data[1] + (ptrdiff_t)y * to->stride[1], U_CARD, (size_t)to->width / 2);
        memset(to->data[2] + (ptrdiff_t)y * to->stride[2], V_CARD, (size_t)to->width / 2);
    }
    int side = to->width < to->height ? to->width : to->height, radius = side / 40;
    for (int i = 0; i < HOLD_CARD_PHASES; i++) {
        draw_dot(to, to->width / 2 + (i - 1) * radius * 5, to->height / 2, radius,
                 (unsigned)i == phase % HOLD_CARD_PHASES ? DOT_LIT : DOT_DIM);
    }
}
