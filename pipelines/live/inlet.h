/* live/inlet.h: one connection of a live sender: decodes what it sends, upright and progressive, at
 * most 30 pictures a second inside 1280×720 and sound at 48 kHz, and hands it to the switch. Made
 * anew for each connection; when it ends for any reason it says so once and does nothing more. */
#pragma once
#include "live/live_switch.h"

struct inlet;

struct inlet_config {
    struct live_switch *to;
    const struct live_output *output;
    /* Without data for so long it has ended; 0: never. Counts from the first inlet_alive. */
    gint64 patience; /* microseconds */
    /* On the main thread. `detail` is for people: "h264 1280x720 30 fps". */
    void (*connected)(void *ctx, const char *detail);
    void (*ended)(void *ctx, const char *why);
    void *ctx;
};

struct inlet *inlet_new(const struct inlet_config *config);
/* Main thread. NULL is fine. */
void inlet_free(struct inlet *i);

/* Where the source's own elements go. */
GstBin *inlet_bin(struct inlet *i);
void inlet_play(struct inlet *i);

/* The sink pad of a new decoder for pads with `caps` (the first picture and the first sound of a
 * connection; NULL for others and for codecs we do not take). Unref it. Any thread. */
GstPad *inlet_decoder(struct inlet *i, const GstCaps *caps);

/* A frame with timestamp `pts` came, or began to come, at `arrival` (g_get_monotonic_time). */
void inlet_note(struct inlet *i, GstClockTime pts, gint64 arrival);
/* Data came. */
void inlet_alive(struct inlet *i);
/* Microseconds since data came; -1: none ever did. Any thread. */
gint64 inlet_quiet(const struct inlet *i);
/* Ends it, as if the sender had hung up. Any thread. */
void inlet_end(struct inlet *i, const char *why);
