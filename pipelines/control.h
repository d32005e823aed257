/* control.h: how a job is told to end: {"command":"stop"} on standard input, the input closing, or
 * SIGTERM or SIGINT. A standard input that is no pipe, socket or terminal (/dev/null, a file) is
 * left alone. */
#pragma once
#include <stdbool.h>

/* Watches from the default main context; `stopped` is called there, once. */
void control_watch(void (*stopped)(void *ctx), void *ctx);
