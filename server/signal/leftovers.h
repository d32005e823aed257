/* signal/leftovers.h: what a server that was killed has left in its data directory. */
#pragma once

struct signal;

/* At the start: reads every row of walkthroughs and slides, then removes presentations, decks,
 * captions and taken uploads that no row names, and half ones whose process has ended. Young ones
 * stay: a command may be about to store them. */
void leftovers_sweep(struct signal *s);
