/* signal/playback.h: `control` and `events` of a WHEP session (api.md): requests that wait for the
 * media plane's answer, and the readers of text/event-stream. */
#pragma once
#include "base/clock.h"

struct media_event;
struct session;

/* A POSITION event: answers who asked, tells who listens. */
void playback_position(struct session *session, const struct media_event *e);
/* A LAYERS event: the same. */
void playback_layers(struct session *session, const struct media_event *e);
/* The session ends: nobody waits for ever. */
void playback_end(struct session *session);
void playback_tick(struct session *session, usec_t now);
