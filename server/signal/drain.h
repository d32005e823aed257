/* signal/drain.h: an upgrade's good-bye. Nobody new comes in (503 and `going-away`, `/readyz` says
 * 503, so that a balancer sends them elsewhere); who is here goes on, is told how long
 * (`going-away` on the WebSocket) and moves on when somebody else is ready. Over when nobody is
 * left or the time `drain_seconds` is. */
#pragma once
#include "base/clock.h"
#include "visit/permission.h"

struct exchange;
struct live;
struct signal;

bool drain_goes_on(const struct signal *s);
void drain_begin(struct signal *s, usec_t now);
bool drain_over(const struct signal *s, usec_t now);

/* Seconds that are left, at least 1: for Retry-After and those who move. */
unsigned drain_seconds_left(const struct signal *s);

/* Who is in the visit may come in again (another camera, a connection that broke). `live` NULL: a
 * walkthrough, or a visit that nobody is in here. */
bool drain_lets_in(const struct signal *s, const struct live *live, const struct actor *actor);

/* The answer to who may not. */
void drain_refuse(struct exchange *x);
