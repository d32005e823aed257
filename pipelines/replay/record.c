#include "replay/record.h"

#include "job/confine.h"
#include "job/control.h"
#include "job/report.h"
#include "replay/track_file.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glib-unix.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 1024 /* of one run; later tracks are refused */
#define OPEN_MAX_FILES 64
#define SYNC_EVERY_MS 2000
#define MESSAGES_AT_ONCE 64

struct file {
    struct track_format format;
    int fd;         /* -1: closed, reopened when needed */
    uint64_t size;  /* of what was written whole */
    uint64_t usage; /* when it was used last */
    bool dirty;
    bool gone; /* removed by the server while it was closed */
};

static struct recorder {
    const char *directory;
    int socket;
    char run[32]; /* in the names: of this run alone */
    struct file files[FILES_MAX];
    size_t count, open;
    uint64_t usage, refused, packets;
    uint8_t message[TRACK_MESSAGE_MAX + 1];
    uint8_t entries[TRACK_MESSAGE_MAX + 1]; /* of one file, not yet written */
    size_t pending;
    struct file *pending_file;
    GThreadPool *syncer;
    GMainLoop *loop;
    struct failure failure;
} rec;

static int fail_writing(int error) {
    if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
        return failure_set(&rec.failure, "disk_full",
                           "The server's disk is full: the recording ends here. What was recorded "
                           "so far is kept.");
    }
    return failure_set(&rec.failure, "cannot_write", "The recording cannot be written to %s: %s.",
                       rec.directory, g_strerror(error));
}

static void name_file(const struct file *f, char *ret, size_t size) {
    snprintf(ret, size, "%s/%016" PRIx64 "-%s-%u-%s.track", rec.directory, f->format.source,
             f->format.kind == MEDIA_VIDEO ? "video" : "audio", f->format.epoch, rec.run);
}

/* A disk may take its time: packets are written meanwhile. */
static void sync_one(gpointer data, gpointer unused) {
    (void)unused;
    int fd = GPOINTER_TO_INT(data) - 1;
    fdatasync(fd);
    close(fd);
}

static void sync_later(int fd) {
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy >= 0) {
        g_thread_pool_push(rec.syncer, GINT_TO_POINTER(copy + 1), NULL);
    }
}

static void close_oldest(void) {
    struct file *oldest = NULL;
    for (size_t i = 0; i < rec.count; i++) {
        struct file *f = &rec.files[i];
        if (f->fd >= 0 && (!oldest || f->usage < oldest->usage)) {
            oldest = f;
        }
    }
    sync_later(oldest->fd);
    close(oldest->fd);
    oldest->fd = -1;
    rec.open--;
}

static int write_whole(struct file *f, const uint8_t *p, size_t n) {
    for (size_t done = 0; done < n;) {
        ssize_t r = write(f->fd, p + done, n - done);
        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r < 0) {
            int error = errno;
            if (ftruncate(f->fd, (off_t)f->size) < 0) {
                /* a torn tail; the reader passes over it */
            }
            return fail_writing(error);
        }
        done += (size_t)r;
    }
    f->size += n;
    f->dirty = true;
    return 0;
}

static int open_file(struct file *f) {
    char path[4096];
    uint8_t header[TRACK_HEADER_SIZE];
    bool fresh = f->size == 0;
    if (rec.open == OPEN_MAX_FILES) {
        close_oldest();
    }
    name_file(f, path, sizeof(path));
    f->fd = open(
        path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (fresh ? O_CREAT | O_EXCL : 0), 0600);
    if (f->fd < 0) {
        f->gone = !fresh && errno == ENOENT; /* its owner took the word back */
        return f->gone ? 0 : fail_writing(errno);
    }
    rec.open++;
    track_header_write(header, &f->format);
    return fresh ? write_whole(f, header, sizeof(header)) : 0;
}

/* NULL: too many tracks. */
static struct file *find_file(const struct track_format *format) {
    for (size_t i = rec.count; i-- > 0;) {
        struct track_format *f = &rec.files[i].format;
        if (f->source == format->source && f->kind == format->kind && f->epoch == format->epoch &&
            f->codec == format->codec) {
            return &rec.files[i];
        }
        if (f->source == format->source && f->kind == format->kind && f->epoch == format->epoch) {
            return NULL; /* one file has one codec */
        }
    }
    if (rec.count == FILES_MAX) {
        return NULL;
    }
    rec.files[rec.count] = (struct file){.format = *format, .fd = -1};
    return &rec.files[rec.count++];
}

static int write_pending(void) {
    struct file *f = rec.pending_file;
    size_t n = rec.pending;
    rec.pending = 0;
    rec.pending_file = NULL;
    if (n == 0) {
        return 0;
    }
    if (f->fd < 0 && !f->gone && open_file(f) < 0) {
        return -1;
    }
    if (f->gone) {
        return 0;
    }
    f->usage = ++rec.usage;
    return write_whole(f, rec.entries, n);
}

static int keep(const struct track_format *format, const struct track_packet *packet) {
    struct file *f = find_file(format);
    if (!f) {
        rec.refused++;
        return 0;
    }
    if ((f != rec.pending_file || rec.pending + TRACK_ENTRY_MAX > sizeof(rec.entries)) &&
        write_pending() < 0) {
        return -1;
    }
    struct room room = {rec.entries + rec.pending, sizeof(rec.entries) - rec.pending};
    rec.pending += (size_t)track_entry_write(room, packet);
    rec.pending_file = f;
    rec.packets++;
    return 0;
}

static int take_message(size_t size) {
    struct bytes rest = bytes_of(rec.message, size);
    struct track_format format;
    struct track_packet packet;
    if (size > TRACK_MESSAGE_MAX) {
        rec.refused++;
        return 0;
    }
    for (int r; (r = track_record_take(&rest, &format, &packet)) != 0;) {
        if (r < 0) {
            rec.refused++;
        } else if (keep(&format, &packet) < 0) {
            return -1;
        }
    }
    return write_pending();
}

static gboolean readable(gint fd, GIOCondition condition, gpointer unused) {
    (void)condition;
    (void)unused;
    for (unsigned i = 0; i < MESSAGES_AT_ONCE; i++) {
        ssize_t n = recv(fd, rec.message, sizeof(rec.message), MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            return G_SOURCE_CONTINUE;
        }
        if (n <= 0 || take_message((size_t)n) < 0) {
            g_main_loop_quit(rec.loop);
            return G_SOURCE_REMOVE;
        }
    }
    return G_SOURCE_CONTINUE;
}

static gboolean sync_files(gpointer unused) {
    (void)unused;
    if (g_thread_pool_unprocessed(rec.syncer) > 0) {
        return G_SOURCE_CONTINUE; /* a slow disk: not more than it can take */
    }
    for (size_t i = 0; i < rec.count; i++) {
        struct file *f = &rec.files[i];
        if (f->dirty && f->fd >= 0) {
            sync_later(f->fd);
            f->dirty = false;
        }
    }
    return G_SOURCE_CONTINUE;
}

/* SIGTERM, or the server has let go: what the socket still holds is kept. */
static void stopped(void *unused) {
    (void)unused;
    while (!rec.failure.reason[0]) {
        ssize_t n = recv(rec.socket, rec.message, sizeof(rec.message), MSG_DONTWAIT);
        if (n <= 0 || take_message((size_t)n) < 0) {
            break;
        }
    }
    g_main_loop_quit(rec.loop);
}

/* Tells the runs of this machine apart and, within one, the recorders. */
static void name_run(void) {
    char boot[9] = "00000000";
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (f) {
        if (fscanf(f, "%8[0-9a-f]", boot) != 1) {
            snprintf(boot, sizeof(boot), "00000000");
        }
        fclose(f);
    }
    snprintf(rec.run, sizeof(rec.run), "%s%016" PRIx64, boot, (uint64_t)g_get_monotonic_time());
}

static int start(void) {
    int type = 0;
    socklen_t size = sizeof(type);
    if (getsockopt(rec.socket, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET) {
        return failure_set(&rec.failure, "no_socket", "There is no record socket at %d.",
                           rec.socket);
    }
    if (mkdir(rec.directory, 0700) < 0 && errno != EEXIST) {
        return fail_writing(errno);
    }
    int directory = open(rec.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return fail_writing(errno);
    }
    fsync(directory);
    close(directory);
    name_run();
    return 0;
}

static int enclose(void) {
    char *directory = g_canonicalize_filename(rec.directory, NULL);
    const struct confinement confinement = {.write = directory};
    int r = confine(&confinement, &rec.failure);
    g_free(directory);
    return r;
}

static void run(void) {
    rec.loop = g_main_loop_new(NULL, FALSE);
    rec.syncer = g_thread_pool_new(sync_one, NULL, 1, FALSE, NULL);
    control_watch(stopped, NULL);
    guint input = g_unix_fd_add(rec.socket, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, NULL);
    guint timer = g_timeout_add(SYNC_EVERY_MS, sync_files, NULL);
    g_main_loop_run(rec.loop);
    g_source_remove(timer);
    GSource *source = g_main_context_find_source_by_id(NULL, input);
    if (source) {
        g_source_destroy(source);
    }
    for (size_t i = 0; i < rec.count; i++) {
        if (rec.files[i].fd >= 0) {
            sync_later(rec.files[i].fd);
            close(rec.files[i].fd);
        }
    }
    g_thread_pool_free(rec.syncer, FALSE, TRUE);
    g_main_loop_unref(rec.loop);
}

static bool parse(int argc, char **argv) {
    static const struct option table[] = {{"fd", required_argument, NULL, 'f'},
                                          {"out", required_argument, NULL, 'o'},
                                          {NULL, 0, NULL, 0}};
    rec.socket = -1;
    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (c == 'f') {
            char *end;
            long fd = strtol(optarg, &end, 10);
            rec.socket = *end == 0 && *optarg && fd >= 0 && fd <= INT_MAX ? (int)fd : -1;
        } else if (c == 'o') {
            rec.directory = optarg;
        } else {
            return false;
        }
    }
    return rec.socket >= 0 && rec.directory && optind == argc;
}

int record_main(int argc, char **argv) {
    if (!parse(argc, argv)) {
        return 2;
    }
    signal(SIGXFSZ, SIG_IGN); /* write(2) says it */
    if (start() == 0 && enclose() == 0) {
        report_event("started");
        run();
    }
    if (rec.refused > 0) {
        fprintf(stderr, "parlour-pipeline: %" PRIu64 " records were refused\n", rec.refused);
    }
    if (rec.failure.reason[0]) {
        report_failed(&rec.failure);
        fprintf(stderr, "parlour-pipeline: %s\n", rec.failure.message);
        return 1;
    }
    report_event("ended");
    return 0;
}
