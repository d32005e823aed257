/* signal/disk_sync.h: waits for the disk on a thread of its own, so that a slow one delays only who
 * is to be told that bytes are safe. */
#pragma once

struct signal;
struct disk_sync;

typedef void disk_sync_done(void *ctx, int result);

/* 0 or −errno. */
int disk_sync_new(struct signal *s);
/* What waits is synced but not told. NULL is fine. */
void disk_sync_free(struct signal *s);

/* Control thread: fdatasync of what `fd` has open, then done(ctx, 0 or −errno) on the control
 * thread. `fd` is duplicated. 0, -ENOBUFS (too much waits), −errno. */
int disk_sync(struct signal *s, int fd, disk_sync_done *done, void *ctx);

/* Control thread: calls what is done. */
void disk_sync_service(struct signal *s);
