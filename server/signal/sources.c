#include "signal/sources.h"
#include "signal/fields.h"
#include "signal/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define GATE_FOLDER "gate"
#define PLAYLIST_FOLDER "playlists"
/* H.264 for most, and a small VP8 picture for browsers without it: encoded once, whoever comes. */
#define SOURCE_RUNGS "h264:720,vp8:360"

struct sources {
    job_id gate;                          /* 0: no door */
    struct job_gate_counts told, earlier; /* by this process of it; by those before */
};

int sources_new(struct signal *s) {
    s->sources = calloc(1, sizeof *s->sources);
    return s->sources != NULL ? 0 : -ENOMEM;
}

void sources_free(struct signal *s) {
    free(s->sources);
    s->sources = NULL;
}

/* ---- the door ---- */

/* Nobody listens at a socket that an earlier run has left. */
static void clear_sockets(const char *folder) {
    char path[JOB_PATH_MAX + 256];
    struct dirent *entry;
    DIR *dir = opendir(folder);

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        size_t n = strlen(entry->d_name);
        if (n > 5 && strcmp(entry->d_name + n - 5, ".sock") == 0) {
            snprintf(path, sizeof path, "%.500s/%.255s", folder, entry->d_name);
            unlink(path);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

void sources_start(struct signal *s) {
    struct job_service service = {.kind = JOB_GATE};

    if (s->jobs == NULL || s->config->rtmp_listen[0] == '\0') {
        return;
    }
    snprintf(service.listen, sizeof service.listen, "%s", s->config->rtmp_listen);
    snprintf(service.directory, sizeof service.directory, "%.400s/" GATE_FOLDER,
             s->config->data_dir);
    if (mkdir(service.directory, 0700) < 0 && errno != EEXIST) {
        log_error("gate.directory", "error=%d", errno);
        return;
    }
    clear_sockets(service.directory);
    int r = s->jobs->serve(s->jobs->ctx, &service, &s->sources->gate);
    if (r < 0) {
        log_error("gate.start", "error=%d", -r);
        s->sources->gate = 0;
    }
}

static void add_counts(struct job_gate_counts *to, const struct job_gate_counts *from) {
    to->accepted += from->accepted;
    to->turned_away += from->turned_away;
    to->published += from->published;
    to->refused += from->refused;
    to->broken += from->broken;
}

void sources_gate_counts(const struct signal *s, struct job_gate_counts *ret) {
    *ret = s->sources->earlier;
    add_counts(ret, &s->sources->told);
}

bool sources_job_event(struct signal *s, const struct job_event *e) {
    if (s->sources->gate == 0 || e->job != s->sources->gate) {
        return false;
    }
    switch (e->type) {
    case JOB_EVENT_STARTED:
        log_info("gate.started", "listen=%s", s->config->rtmp_listen);
        break;
    case JOB_EVENT_GATE:
        s->sources->told = e->gate;
        break;
    case JOB_EVENT_RESTARTING:
        add_counts(&s->sources->earlier, &s->sources->told);
        s->sources->told = (struct job_gate_counts){0};
        log_warn("gate.restarting", "reason=\"%s\"", e->message);
        break;
    case JOB_EVENT_READY:
    case JOB_EVENT_FAILED:
    case JOB_EVENT_ENDED:
        log_error("gate.ended", "reason=\"%s\"", e->message);
        s->sources->gate = 0;
        break;
    case JOB_EVENT_PROGRESS:
    case JOB_EVENT_STREAMING:
    case JOB_EVENT_SOURCE:
    case JOB_EVENT_MATTE:
        break;
    }
    return true;
}

/* ---- addresses ---- */

/* Letters that an address needs and no shell, pipeline text or list of files minds (RFC 3986). */
static bool is_plain(const char *url) {
    return url[strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                           "-._~:/?#[]@$&()*+,;=%")] == '\0';
}

static bool has_host(const char *after_scheme) {
    size_t n = strcspn(after_scheme, "/?#");
    const char *host = after_scheme;

    for (size_t i = 0; i < n; i++) {
        if (after_scheme[i] == '@') {
            host = after_scheme + i + 1;
        }
    }
    return host < after_scheme + n && *host != ':';
}

const char *source_url_problem(enum input_kind kind, const char *url) {
    static const char rtsp[] = "“url” must be rtsp://… or rtsps://… with the name of a host.";
    static const char srt[] = "“url” must be srt://HOST:PORT, without a mode or a passphrase.";
    const char *after = strstr(url, "://");

    if (after == NULL || !is_plain(url) || !has_host(after + 3)) {
        return kind == INPUT_RTSP ? rtsp : srt;
    }
    size_t n = (size_t)(after - url);
    if (kind == INPUT_RTSP) {
        return (n == 4 && strncmp(url, "rtsp", n) == 0) || (n == 5 && strncmp(url, "rtsps", n) == 0)
                   ? NULL
                   : rtsp;
    }
    size_t host = strcspn(after + 3, "/?#");
    const char *colon = memchr(after + 3, ':', host);
    bool fine = n == 3 && strncmp(url, "srt", n) == 0 && colon != NULL &&
                strstr(url, "mode=") == NULL && strstr(url, "passphrase=") == NULL &&
                strchr(url, '@') == NULL && strchr(url, '#') == NULL;
    return fine ? NULL : srt;
}

static const char *port_of(const char *listen) {
    const char *colon = strrchr(listen, ':');

    return colon != NULL ? colon + 1 : listen;
}

void source_server(const struct exchange *x, const struct source_row *row, struct text *ret) {
    char base[URL_BASE_MAX];

    url_base(x, base);
    const char *host = strstr(base, "://");
    host = host != NULL ? host + 3 : base;
    int n = (int)(host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/"));
    if (row->kind == INPUT_RTMP && x->signal->sources->gate != 0) {
        text_addf(ret, "rtmp://%.*s:%s/live", n, host, port_of(x->signal->config->rtmp_listen));
    } else if (row->kind == INPUT_SRT) {
        text_addf(ret, "srt://%.*s:%u?mode=caller&latency=200000", n, host, (unsigned)row->port);
        if (row->passphrase[0] != '\0' &&
            permission_allows(&x->actor, PERMISSION_SOURCES_WRITE, NULL)) {
            text_add(ret, "&passphrase=");
            text_add_url(ret, row->passphrase);
        }
    }
}

/* ---- jobs ---- */

int source_job(const struct signal *s, const struct source_row *row, struct job_ingest *ret) {
    struct job_ingest job = {.codec = JOB_INGEST_H264, .rungs = SOURCE_RUNGS};
    struct sockaddr_un address;

    switch (row->kind) {
    case INPUT_TEST:
        job.source = JOB_INGEST_TEST;
        break;
    case INPUT_PLAYLIST:
        job.source = JOB_INGEST_PLAYLIST;
        break;
    case INPUT_RTMP:
        if (s->sources->gate == 0) {
            return -ENOTCONN;
        }
        job.source = JOB_INGEST_RTMP;
        if (snprintf(job.file, sizeof job.file, "%s/" GATE_FOLDER "/%s.sock", s->config->data_dir,
                     row->stream_key) >= (int)sizeof address.sun_path) {
            return -ENAMETOOLONG;
        }
        break;
    case INPUT_SRT:
        job.source = JOB_INGEST_SRT_LISTEN;
        snprintf(job.file, sizeof job.file, "srt://:%u?mode=listener", (unsigned)row->port);
        break;
    case INPUT_SRT_CALLER:
        job.source = JOB_INGEST_SRT_CALL;
        if (snprintf(job.file, sizeof job.file, "%s%cmode=caller", row->url,
                     strchr(row->url, '?') != NULL ? '&' : '?') >= (int)sizeof job.file) {
            return -ENAMETOOLONG;
        }
        break;
    case INPUT_RTSP:
        job.source = JOB_INGEST_RTSP;
        snprintf(job.file, sizeof job.file, "%s", row->url);
        break;
    }
    snprintf(job.passphrase, sizeof job.passphrase, "%s", row->passphrase);
    snprintf(job.key, sizeof job.key, "%s", row->key);
    *ret = job;
    return 0;
}

static void playlist_path(const struct signal *s, const struct source_row *row,
                          char ret[static JOB_PATH_MAX]) {
    snprintf(ret, JOB_PATH_MAX, "%.400s/" PLAYLIST_FOLDER "/%s.txt", s->config->data_dir, row->id);
}

int source_write_playlist(const struct signal *s, const struct source_row *row, const char *lines,
                          struct job_ingest *ret) {
    char folder[JOB_PATH_MAX];
    size_t n = strlen(lines);

    snprintf(folder, sizeof folder, "%.400s/" PLAYLIST_FOLDER, s->config->data_dir);
    if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
        return -errno;
    }
    playlist_path(s, row, ret->file);
    int fd = open(ret->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -errno;
    }
    int r = write(fd, lines, n) == (ssize_t)n ? 0 : -ENOSPC;
    close(fd);
    return r;
}

void source_forget(struct signal *s, const struct source_row *row) {
    char path[JOB_PATH_MAX];

    playlist_path(s, row, path);
    unlink(path);
}
