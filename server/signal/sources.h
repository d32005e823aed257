/* signal/sources.h: kept live sources: how each is reached from outside, what its ingest process is
 * told, and the door for RTMP. The rows are the store's, what runs is feeds.c's. */
#pragma once
#include "base/jobs.h"
#include "signal/http.h"

struct signal;

int sources_new(struct signal *s);
void sources_free(struct signal *s);

/* At the start: clears away sockets of an earlier run and opens the door when `rtmp_listen` is set.
 */
void sources_start(struct signal *s);

/* Can this address be asked for by a source of this kind? NULL, or a sentence that says what it
 * must be. Nothing but rtsp, rtsps and srt ever leaves for the network; no file, no pipe, no
 * listener. */
const char *source_url_problem(enum input_kind kind, const char *url);

/* What to tell the ingest process; a playlist's file is written by source_write_playlist. 0,
 * -ENOTCONN (RTMP is not set up), -ENAMETOOLONG (the data directory's path leaves no room for a
 * socket's name). */
int source_job(const struct signal *s, const struct source_row *row, struct job_ingest *ret);

/* The file that lists a playlist's films, DATA/playlists/ID.txt: a path a line. 0 or −errno. */
int source_write_playlist(const struct signal *s, const struct source_row *row, const char *lines,
                          struct job_ingest *ret);

/* Its row was deleted. */
void source_forget(struct signal *s, const struct source_row *row);

/* "rtmp://host:1935/live", "srt://host:9000?…" with the passphrase for who may see it; "" when
 * nobody sends to us. */
void source_server(const struct exchange *x, const struct source_row *row, struct text *ret);

/* Connections at the door since the server began. */
void sources_gate_counts(const struct signal *s, struct job_gate_counts *ret);

/* True when the event was about the door. */
bool sources_job_event(struct signal *s, const struct job_event *e);
