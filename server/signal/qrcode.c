#include "signal/qrcode.h"

#include <errno.h>
#include <qrencode.h>
#include <string.h>

#define QUIET 4

int qrcode_svg(struct text *t, const char *content) {
    if (strlen(content) > 1200) {
        return -EMSGSIZE;
    }
    QRcode *code = QRcode_encodeString8bit(content, 0, QR_ECLEVEL_M);
    if (code == NULL) {
        return errno == ERANGE ? -EMSGSIZE : -ENOMEM;
    }
    int side = code->width + 2 * QUIET;
    text_addf(t,
              "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
              "shape-rendering=\"crispEdges\" role=\"img\">"
              "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/><path fill=\"#000\" d=\"",
              side, side, side, side);
    for (int y = 0; y < code->width; y++) {
        for (int x = 0; x < code->width;) {
            int from = x;
            while (x < code->width && (code->data[y * code->width + x] & 1) != 0) {
                x++;
            }
            if (x > from) {
                text_addf(t, "M%d %dh%dv1h-%dz", from + QUIET, y + QUIET, x - from, x - from);
            } else {
                x++;
            }
        }
    }
    text_add(t, "\"/></svg>\n");
    QRcode_free(code);
    return t->failed ? -ENOMEM : 0;
}
