/* job/watchdog.h: a thread that ends this process when nothing else can: a job that was asked to
 * end and does not, or that was made to work and does nothing. (GStreamer waits for ever for a
 * thread that could not be made.) */
#pragma once
#include <stdbool.h>

/* Before watchdog_start, of a job that computes until it is done: it may do nothing for so long. */
void watchdog_expect_work(unsigned seconds);

/* After confine(). Takes SIGTERM and SIGINT; -1 when no thread can be made: nothing watches then,
 * and the signals end the process as usual. Otherwise a descriptor that becomes readable when one
 * came. */
int watchdog_start(void);

/* The job heard that it shall end: it has some seconds from now. Any thread. */
void watchdog_asked(void);

/* What goes when the watchdog ends the process; a directory of plain files, or NULL. The text stays
 * where it is until the next call. */
void watchdog_clear_away(const char *directory);

/* Ends this process as a failed job, without a word from another thread. Neither may hold what JSON
 * has to escape. */
_Noreturn void watchdog_end(const char *reason, const char *message);
