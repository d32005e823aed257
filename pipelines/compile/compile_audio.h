/* compile/compile_audio.h: the audio rungs of a presentation: one a speed, the pitch of voices
 * kept, and AAC for players without WebRTC; all from the same decoded sound, brought to one
 * loudness. */
#pragma once
#include "input/probe.h"
#include "input/survey.h"
#include "job/stage.h"
#include "presentation/aac_sink.h"
#include "presentation/manifest.h"

/* Writes audio-50.rung … audio-200.rung, and the AAC by way of `aac`, which is opened and finished
 * here and cleared by the caller. As compile_video. */
int compile_audio(const char *path, const struct probe *probe, const struct survey *survey,
                  const char *directory, struct stage *stage, struct manifest *manifest,
                  struct aac_sink *aac, double *ret_end);
