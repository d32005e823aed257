/* signal/replays.h: what becomes of recordings once their visits have ended: the assemble job, the
 * walkthrough that it makes, the other speeds (enrich), and all of it anew without somebody whose
 * consent was revoked. A recording is DATA/recordings/VISIT; its replay is the walkthrough row with
 * that `visit`. */
#pragma once
#include "base/clock.h"
#include "signal/compiles.h"

struct signal;

int replays_new(struct signal *s);
void replays_free(struct signal *s);

/* At the start: recordings of visits that have ended and have no finished replay are assembled,
 * those of visits that are gone are removed. */
void replays_resume(struct signal *s);

/* The visit has ended, or what is left of its recording has changed: makes its replay, in the place
 * of the one there is. Nothing happens when nothing was recorded. */
void replays_make(struct signal *s, const char *visit, const char *title);

/* The visit or its replay was deleted: the recording goes, with what is being made of it. The row
 * and its presentation are the caller's. */
void replays_forget(struct signal *s, const char *visit);

/* As compiles_state, for a replay that is being made. */
bool replays_state(struct signal *s, const char *walkthrough, struct compile_state *ret);

/* True when the event was about one of these jobs. */
bool replays_job_event(struct signal *s, const struct job_event *e);
void replays_tick(struct signal *s, usec_t now);
