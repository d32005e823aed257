/* model/usdz.h: a model as a USDZ package (openusd.org, usdz specification): a ZIP archive whose
 * entries are stored, each one's data at a multiple of 64 bytes, the layer first. */
#pragma once
#include "model/model.h"

#include <stdio.h>

/* Writes to the end of the empty file `to`, true size after `scale` (usda.h). 0, -ENOMEM, -EIO. The
 * same model gives the same bytes. */
int usdz_write(const struct model *m, double scale, FILE *to);
