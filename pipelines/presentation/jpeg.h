/* presentation/jpeg.h: a picture as a JPEG file. */
#pragma once
#include <gst/gst.h>

/* Writes a raw video sample. 0 or -1. */
int jpeg_write(GstSample *picture, const char *path);
