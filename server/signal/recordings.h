/* signal/recordings.h: visits while they are recorded: the recorder process of each, what media
 * gives it, and the log of what happened (recording_log.h). What may be recorded is the visit's
 * word (visit_recorded); this file obeys it after every change. */
#pragma once
#include "base/clock.h"
#include "base/jobs.h"
#include "visit/visit.h"

struct live;
struct signal;
struct visit_row;

int recordings_new(struct signal *s);
void recordings_free(struct signal *s);

/* After every change of live->visit. */
void recordings_follow(struct signal *s, struct live *live);

/* Once a second: is there still room on the disk, is there again? */
void recordings_look(struct signal *s, struct live *live, usec_t now);

/* Nobody is in the visit any more and it is about to be forgotten here. */
void recordings_leave(struct signal *s, struct live *live);

/* The visit has ended while nobody was in it. */
void recordings_visit_ended(struct signal *s, const char *visit, const char *title);

/* Who says no and yes in turns has to wait a little with the yes. */
bool recordings_may_agree(struct signal *s, const char *visit, const char *credential);

/* A customer's word by HTTP, at any time: in the visit, between its runs, after the end. Returns
 * the word that counts now: after the end a no is final. */
bool recordings_consent(struct signal *s, const struct visit_row *visit, const char *credential,
                        bool agreed);

/* The visit was deleted. */
void recordings_forget(struct signal *s, const char *visit);

bool recordings_job_event(struct signal *s, const struct job_event *e);
void recordings_tick(struct signal *s, usec_t now);
