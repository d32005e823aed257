/* media/player.h: one WHEP session on a walkthrough: a cursor of its own over the mapped files. */
#pragma once
#include "media/session.h"

extern const struct session_role player_role;

/* A control of api.md. Sessions of other roles ignore it. The answer is a POSITION event. */
void player_control(struct session *s, enum media_action action, double value, uint64_t request,
                    usec_t now);
