/* input/chapters.h: the chapters that are in a file. */
#pragma once
#include "presentation/manifest.h"
#include <gst/gst.h>

/* Of matroska and QuickTime files, as the demuxer tells them. */
void chapters_from_toc(const GstToc *toc, struct manifest *manifest);
