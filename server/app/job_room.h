/* app/job_room.h: the directory of its own that a task works in, so that a decoder which a film has
 * taken over can spoil no other film: ROOMS/PID-JOB (0700), the one place it may write to. What is
 * ready there moves to where it belongs in one step. Any thread. */
#pragma once
#include "base/jobs.h"

struct job_room {
    char directory[JOB_PATH_MAX]; /* "": none */
    char work[JOB_PATH_MAX];      /* where the task puts its result: DIRECTORY/NAME */
    char final[JOB_PATH_MAX];     /* where that goes */
};

/* Makes ROOMS when it is not there, and in it an empty room for what shall be at `final`. 0 or
 * −errno. `job` is unlike all others of this process. */
int job_room_open(struct job_room *ret, const char *rooms, job_id job, const char *final);

/* Moves the result to its place, durably; what was there before goes. 0; -ENOENT when there is no
 * directory to move, or −errno. */
int job_room_deliver(const struct job_room *room);

/* Removes the room with all that is left in it. Zeroed is fine. */
void job_room_close(struct job_room *room);

/* Removes the rooms of processes that are gone. */
void job_rooms_sweep(const char *rooms);
