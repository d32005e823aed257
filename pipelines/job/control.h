/* job/control.h: how a job is told to end: {"command":"stop"} on standard input, the input closing,
 * or SIGTERM or SIGINT; a job that does not within 5 s is ended (watchdog.h). A standard input that
 * is no pipe, socket or terminal (/dev/null, a file) is left alone. A job that a server started
 * (PARLOUR_PARENT names its pid) also ends with that, killed by the kernel. */
#pragma once
#include <stdbool.h>

/* Watches from the default main context; `stopped` is called there, once. */
void control_watch(void (*stopped)(void *ctx), void *ctx);

/* First of all, when there is one thread: ties this process to the server that started it, if one
 * did. False when that is gone already: exit. */
bool control_follow_parent(void);
