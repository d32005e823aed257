/* signal/uploads.h: resumable uploads as files: what has arrived survives the end of the server at
 * any moment, and nothing stays that nobody wants. Control thread. */
#pragma once
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct signal;

#define UPLOAD_ID_LENGTH 24
#define UPLOAD_PATH_MAX 640

/* DATA/uploads/ID + ending. */
void upload_file(const struct signal *s, const char *id, const char *ending,
                 char ret[static UPLOAD_PATH_MAX]);

/* A new one of `length` bytes. 0 or −errno. */
int upload_create(struct signal *s, uint64_t length, char id[static UPLOAD_ID_LENGTH + 1]);

/* What has arrived of how much. 0, or -ENOENT (unknown, or taken). */
int upload_look(const struct signal *s, const char *id, uint64_t *ret_offset, uint64_t *ret_length);

/* Unix seconds when it will be given up if nothing more comes. */
int64_t upload_expires(const struct signal *s, const char *id);

void upload_remove_files(const struct signal *s, const char *id);

/* One whose bytes are arriving; embedded by its owner, by id. */
struct upload_busy {
    struct upload_busy *next;
    char id[UPLOAD_ID_LENGTH + 1];
};
void upload_begin(struct upload_busy *u);
void upload_finish(struct upload_busy *u);
struct upload_busy *upload_find_busy(const char *id); /* NULL: nobody writes it */

/* From here to upload_unmark the bytes behind `start` do not count when the server ends. */
int upload_mark_unchecked(const struct signal *s, const char *id, uint64_t start);
void upload_unmark(const struct signal *s, const char *id);

/* Removes what was given up; how many unfinished ones remain, and the bytes that they lack. */
void uploads_sweep(const struct signal *s, size_t *ret_unfinished, uint64_t *ret_promised);

/* Is there disk for `length` bytes beside what was promised to others? */
bool uploads_have_room(const struct signal *s, uint64_t promised, uint64_t length);
