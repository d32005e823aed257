#include "app/publishing.h"

#include "app/job_room.h"
#include "app/pipeline_child.h"
#include "app/pipeline_line.h"
#include "app/places.h"
#include "app/tree.h"
#include "base/random.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_SIZE 16
#define END_TIME_MS 2000 /* of a converter that was asked to end */

/* A percentage that overwrites itself; nothing for a log. */
static void show_progress(double fraction) {
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r%3.0f %%", fraction * 100);
    }
}

static void clear_progress(void) {
    if (isatty(STDERR_FILENO)) {
        fputs("\r     \r", stderr);
    }
}

/* Somebody pressed Ctrl-C, say: the converter goes first. */
static int interrupted(struct pipeline_child *child, char *ret_message) {
    int code;
    struct pollfd end = {.fd = child->pidfd, .events = POLLIN};
    clear_progress();
    pipeline_child_ask(child);
    if (poll(&end, 1, END_TIME_MS) == 1) {
        pipeline_child_reap(child, &code);
    } /* else pipeline_child_clear kills it */
    snprintf(ret_message, 512, "Stopped; nothing was published.");
    return -EINTR;
}

/* What the process said until its end. 0 ready; -EINTR on one of `signals`, else -EIO, with the
 * message. */
static int follow(struct pipeline_child *child, int signals, double *ret_duration,
                  char *ret_message) {
    int code, result = -EIO;
    bool closed = false;
    struct bytes line;
    snprintf(ret_message, 512,
             "The film could not be prepared: the converter stopped unexpectedly.");
    while (!closed) {
        struct pollfd p[] = {{.fd = child->output, .events = POLLIN},
                             {.fd = signals, .events = POLLIN}};
        poll(p, 2, -1);
        if (p[1].revents) {
            return interrupted(child, ret_message);
        }
        while (pipeline_child_line(child, &line, &closed)) {
            struct job_event event;
            if (pipeline_line_parse(line, &event) != 0) {
                continue;
            }
            if (event.type == JOB_EVENT_PROGRESS) {
                show_progress(event.fraction);
            } else if (event.type == JOB_EVENT_READY) {
                *ret_duration = event.duration;
                result = 0;
            } else if (event.type == JOB_EVENT_FAILED) {
                snprintf(ret_message, 512, "%s", event.message);
                result = -EIO;
            }
        }
    }
    clear_progress();
    struct pollfd end = {.fd = child->pidfd, .events = POLLIN};
    poll(&end, 1, -1);
    pipeline_child_reap(child, &code);
    return result;
}

static int compile(const struct publishing *what, const char *output, int signals,
                   double *ret_duration, char *ret_message) {
    struct pipeline_child child = {0};
    const char *arguments[16] = {what->pipeline};
    const char *const usual[] = {"compile", what->file, "--out",
                                 output,    "--title",  what->row->title};
    size_t n = 1;
    if (what->unconfined) {
        arguments[n++] = "--unconfined";
    }
    memcpy(arguments + n, usual, sizeof(usual));
    n += sizeof(usual) / sizeof(*usual);
    if (what->captions) {
        arguments[n++] = "--captions";
        arguments[n++] = what->captions;
        arguments[n++] = "--lang";
        arguments[n++] = what->captions_lang ? what->captions_lang : "en";
    }
    if (what->chapters) {
        arguments[n++] = "--chapters";
        arguments[n++] = what->chapters;
    }
    if (access(what->pipeline, X_OK) != 0) {
        snprintf(
            ret_message, 512,
            "The program %.300s is missing; build or install it, or name it with --pipeline FILE.",
            what->pipeline);
        return -errno;
    }
    const struct pipeline_start start = {.arguments = arguments, .fd = -1, .quiet = true};
    int error = pipeline_child_start(&child, &start);
    if (error) {
        snprintf(ret_message, 512, "%.300s cannot be started: %s.", what->pipeline,
                 strerror(-error));
        return error;
    }
    error = follow(&child, signals, ret_duration, ret_message);
    pipeline_child_clear(&child);
    return error;
}

/* Compiles in a room of its own and puts the result into `directory`. What asks this process to
 * end has to wait until the room is cleared. */
static int prepare(const struct publishing *what, const char *directory, double *ret_duration,
                   char *ret_message) {
    char rooms[JOB_PATH_MAX];
    struct job_room room = {0};
    sigset_t ends, before;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ends, &before);
    int signals = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    int error = signals < 0 ? -errno : -ENAMETOOLONG;
    if (signals >= 0 && place_join(rooms, sizeof(rooms), what->data, "jobs")) {
        job_rooms_sweep(rooms);
        error = job_room_open(&room, rooms, 0, directory);
    }
    if (error) {
        snprintf(ret_message, 512,
                 "%.300s/jobs cannot be written: %s; choose another with --data "
                 "DIR.",
                 what->data, strerror(-error));
    } else {
        error = compile(what, room.work, signals, ret_duration, ret_message);
        if (!error && (error = job_room_deliver(&room)) != 0) {
            snprintf(ret_message, 512, "The film cannot be kept: %s.", strerror(-error));
        }
    }
    job_room_close(&room);
    if (signals >= 0) {
        struct signalfd_siginfo taken; /* else it would end us now, without a word */
        while (read(signals, &taken, sizeof(taken)) > 0) {
        }
        close(signals);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* The film stays where it is; while it is there, it can be played into a visit. */
static void note_source(const char *file, struct walkthrough_row *row) {
    char real[PATH_MAX];
    if (realpath(file, real) && strlen(real) < sizeof(row->source)) {
        strcpy(row->source, real);
        strcpy(row->film, real);
    }
}

int publish(struct database *db, const struct publishing *what, char ret_message[static 512]) {
    char parent[PATH_MAX], directory[PATH_MAX], name[NAME_SIZE + 1];
    struct walkthrough_row *row = what->row;
    if (access(what->file, R_OK) != 0) {
        int error = -errno;
        snprintf(ret_message, 512, "The file %.300s cannot be read: %s.", what->file,
                 strerror(errno));
        return error;
    }
    random_text(name, NAME_SIZE);
    if (!place_join(parent, sizeof(parent), what->data, "presentations") ||
        !place_join(directory, sizeof(directory), parent, name)) {
        snprintf(ret_message, 512, "The name of the data directory is too long.");
        return -ENAMETOOLONG;
    }
    if (mkdir(parent, 0700) != 0 && errno != EEXIST) {
        int error = -errno;
        snprintf(ret_message, 512, "%.300s cannot be written: %s; choose another with --data DIR.",
                 parent, strerror(errno));
        return error;
    }
    int error = prepare(what, directory, &row->duration, ret_message);
    if (!error) {
        row->state = WALKTHROUGH_READY;
        row->progress = 1;
        row->published = true;
        snprintf(row->directory, sizeof(row->directory), "%s", name);
        note_source(what->file, row);
        snprintf(row->details, sizeof(row->details), "%s", what->details ? what->details : "");
        error = walkthroughs_create(db, row);
        if (error) {
            snprintf(ret_message, 512, "The walkthrough could not be stored: %s.",
                     strerror(-error));
        }
    }
    if (error) {
        tree_remove(directory);
    }
    return error;
}
