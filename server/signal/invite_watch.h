/* signal/invite_watch.h: whoever is in a visit by an invite leaves it when the invite expires, or
 * is revoked behind the server's back (the command line, another program on the store). One round
 * looks at all guests; a tick asks the store at most so often, so a full house takes longer. */
#pragma once
#include "base/clock.h"

struct signal;

#define INVITE_WATCH_EVERY SEC(5) /* from the start of a round to that of the next, at least */
#define INVITE_WATCH_TICK 32      /* questions to the store */

/* Once a tick. */
void invite_watch_tick(struct signal *s, usec_t now);
