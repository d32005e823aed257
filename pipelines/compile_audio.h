/* compile_audio.h: the audio rungs of a presentation: one a speed, the pitch of voices kept. */
#pragma once
#include "manifest.h"
#include "probe.h"
#include "stage.h"

/* Writes audio-50.rung … audio-200.rung. As compile_video. */
int compile_audio(const char *path, const struct probe *probe, const char *directory,
                  struct stage *stage, struct manifest *manifest, double *ret_end);
