/* signal/leftovers.h: what a server that was killed has left in its data directory. */
#pragma once

struct signal;

/* At the start: reads every walkthrough's row, then removes presentations and taken uploads that no
 * row names, and half presentations whose process has ended. Young ones stay: a command may be
 * about to store them. */
void leftovers_sweep(struct signal *s);
