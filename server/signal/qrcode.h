/* signal/qrcode.h: a QR code as SVG. The one file that includes libqrencode is qrcode.c. */
#pragma once
#include "signal/text.h"

/* Adds the picture, black on white with the quiet zone of four modules. 0, -EMSGSIZE when `content`
 * is too long, -ENOMEM. */
int qrcode_svg(struct text *t, const char *content);
