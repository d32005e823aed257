/* tests/bench/load_client.c: a publisher and up to VIEWERS_MAX viewers in one process, told what to
 * do by lines on stdin; each is answered by one line of JSON on stdout. See README.md for the
 * words. */
#include "peer.h"
#include "samples.h"
#include "source.h"
#include "viewer.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define VIEWERS_MAX 4000
#define TICK 5000u /* µs */
#define JOIN_PATIENCE 10000000u

static struct {
    struct viewer *viewers;
    unsigned count; /* started */
    struct viewer_plan plan;
    int epoll;
    int pid, core;
    uint64_t next_tick;
} l;

static uint64_t clock_us(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000ull + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t now_us(void) {
    return clock_us(CLOCK_MONOTONIC);
}

/* --- The loop --- */

/* The lowest bit of epoll's value tells a viewer's HTTP connection from its UDP socket. */
static void watch(int fd, unsigned number, unsigned http) {
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = (uint64_t)number << 1 | http};
    epoll_ctl(l.epoll, EPOLL_CTL_ADD, fd, &e);
}

static void serve(uint64_t until) {
    struct epoll_event events[256];
    uint64_t now = now_us();
    while (now < until) {
        uint64_t wake = l.next_tick < until ? l.next_tick : until;
        int wait = wake > now ? (int)((wake - now + 999) / 1000) : 0;
        int n = epoll_wait(l.epoll, events, 256, wait);
        for (int i = 0; i < n; i++) {
            struct viewer *v = &l.viewers[events[i].data.u64 >> 1];
            now = now_us();
            if (events[i].data.u64 & 1) {
                viewer_take_http(v, &l.plan, now);
            } else {
                viewer_take_media(v, &l.plan, now);
            }
        }
        now = now_us();
        if (now >= l.next_tick) {
            l.next_tick = now + TICK;
            for (unsigned i = 0; i < l.count; i++) {
                viewer_tick(&l.viewers[i], &l.plan, now);
            }
        }
    }
}

static unsigned count_state(enum viewer_state state) {
    unsigned n = 0;
    for (unsigned i = 0; i < l.count; i++) {
        n += l.viewers[i].state == state;
    }
    return n;
}

static uint64_t total_drops(void) {
    uint64_t n = 0;
    for (unsigned i = 0; i < l.count; i++) {
        n += viewer_drops(&l.viewers[i]);
    }
    return n;
}

/* --- Commands --- */

static void answer_error(const char *what, int error) {
    printf("{\"error\":\"%s: %s\"}\n", what, strerror(-error));
}

static void answer_ok(void) {
    printf("{\"ok\":true}\n");
}

static void command_join(unsigned n, double rate) {
    struct source_counts before, after;
    unsigned first = l.count, target = l.count + n;
    if (target > VIEWERS_MAX) {
        answer_error("join", -ENOBUFS);
        return;
    }
    source_read(&before);
    samples_reset(&l.plan.joins);
    samples_reset(&l.plan.answers);
    samples_reset(&l.plan.opens);
    uint64_t start = now_us();
    while (l.count < target) {
        uint64_t due =
            rate > 0 ? start + (uint64_t)((double)(l.count - first) * 1e6 / rate) : start;
        if (due > now_us()) {
            serve(due);
        }
        struct viewer *v = &l.viewers[l.count];
        if (viewer_start(v, l.count, &l.plan, now_us()) == 0) {
            watch(v->http.fd, l.count, 1);
            watch(v->peer.fd, l.count, 0);
        }
        l.count++;
    }
    uint64_t patience = now_us() + JOIN_PATIENCE;
    while (now_us() < patience &&
           count_state(VIEWER_PLAYING) + count_state(VIEWER_FAILED) < l.count) {
        serve(now_us() + 10000);
    }
    double took = (double)(now_us() - start) / 1e6;
    source_read(&after);
    struct viewer_plan *p = &l.plan;
    printf("{\"joined\":%zu,\"failed\":%zu,\"playing\":%u,\"seconds\":%.3f,"
           "\"answer_p50\":%.2f,\"answer_p99\":%.2f,\"open_p50\":%.2f,\"open_p99\":%.2f,"
           "\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f,\"key_requests\":%llu,\"profile\":\"%s\"}\n",
           p->joins.count, n - p->joins.count, count_state(VIEWER_PLAYING), took,
           samples_percentile(&p->answers, .5), samples_percentile(&p->answers, .99),
           samples_percentile(&p->opens, .5), samples_percentile(&p->opens, .99),
           samples_percentile(&p->joins, .5), samples_percentile(&p->joins, .99),
           samples_percentile(&p->joins, 1), (unsigned long long)(after.requests - before.requests),
           p->joins.count > 0 && l.viewers[first].peer.ssl != NULL
               ? peer_profile(&l.viewers[first].peer)
               : "none");
}

static void command_measure(double seconds) {
    struct source_counts before, after;
    struct usage server_before = {0}, server_after = {0};
    unsigned viewers = count_state(VIEWER_PLAYING);
    struct viewer_plan *p = &l.plan;
    p->packets = p->bytes = p->gaps = p->reordered = p->decrypted = p->feedbacks = 0;
    samples_reset(&p->delays);
    uint64_t drops = total_drops(), cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID), start = now_us();
    source_read(&before);
    int error = usage_read(l.pid, l.core, &server_before);
    serve(start + (uint64_t)(seconds * 1e6));
    source_read(&after);
    error = error < 0 ? error : usage_read(l.pid, l.core, &server_after);
    double took = (double)(now_us() - start) / 1e6;
    double client = (double)(clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1e6;
    if (error < 0) {
        answer_error("the server is gone", error);
        return;
    }
    double server = server_after.cpu - server_before.cpu;
    double packets = p->packets > 0 ? (double)p->packets : 1;
    uint64_t expected = (after.packets - before.packets) * viewers;
    printf(
        "{\"viewers\":%u,\"lost_viewers\":%u,\"seconds\":%.3f,\"packets\":%llu,\"expected\":%llu,"
        "\"mbit_s\":%.1f,\"gaps\":%llu,\"reordered\":%llu,\"loss\":%.6f,"
        "\"server_cpu\":%.4f,\"core_busy\":%.4f,\"us_per_packet\":%.3f,\"core_us_per_packet\":%.3f,"
        "\"rss\":%.0f,\"delay_p50\":%.3f,\"delay_p99\":%.3f,\"delay_max\":%.3f,"
        "\"delay_samples\":%zu,\"client_cpu\":%.4f,\"client_drops\":%llu,\"source_late\":%llu,"
        "\"source_frames\":%llu,\"key_requests\":%llu,\"decrypted\":%llu,\"feedbacks\":%llu}\n",
        viewers, l.count - count_state(VIEWER_PLAYING), took, (unsigned long long)p->packets,
        (unsigned long long)expected, (double)p->bytes * 8 / took / 1e6,
        (unsigned long long)p->gaps, (unsigned long long)p->reordered,
        (double)p->gaps / (packets + (double)p->gaps), server / took,
        (server_after.core - server_before.core) / took, server * 1e6 / packets,
        (server_after.core - server_before.core) * 1e6 / packets, server_after.rss,
        samples_percentile(&p->delays, .5), samples_percentile(&p->delays, .99),
        samples_percentile(&p->delays, 1), p->delays.count, client / took,
        (unsigned long long)(total_drops() - drops), (unsigned long long)(after.late - before.late),
        (unsigned long long)(after.frames - before.frames),
        (unsigned long long)(after.requests - before.requests), (unsigned long long)p->decrypted,
        (unsigned long long)p->feedbacks);
}

/* The newest `n` of them. */
static void command_leave(unsigned n) {
    for (; n > 0 && l.count > 0; n--) {
        viewer_stop(&l.viewers[--l.count], &l.plan);
    }
    answer_ok();
}

static void command_target(const char *kind, const char *url, const char *token, double spread) {
    l.plan.server = strcmp(kind, "janus") == 0 ? SERVER_JANUS : SERVER_WHEP;
    l.plan.spread = spread;
    l.plan.authorization[0] = '\0';
    if (strcmp(token, "-") != 0) {
        snprintf(l.plan.authorization, sizeof l.plan.authorization, "Authorization: Bearer %s\r\n",
                 token);
    }
    int error = http_url_parse(url, &l.plan.url);
    if (error < 0) {
        answer_error("target", error);
    } else {
        answer_ok();
    }
}

static void answer_source(int error) {
    if (error < 0) {
        answer_error("source", error);
    } else {
        answer_ok();
    }
}

static void command_rss(void) {
    struct usage u;
    int error = usage_read(l.pid, l.core, &u);
    if (error < 0) {
        answer_error("rss", error);
    } else {
        printf("{\"rss\":%.0f,\"files\":%u}\n", u.rss, u.files);
    }
}

/* False: the end. */
static bool obey(const char *line) {
    char a[512], b[512], c[512];
    unsigned n, m, k;
    double x;
    if (sscanf(line, "pid %d core %d", &l.pid, &l.core) == 2) {
        answer_ok();
    } else if (sscanf(line, "source udp %511s %u %u %u", a, &n, &m, &k) == 4) {
        answer_source(source_start_udp(a, n, m, k));
    } else if (sscanf(line, "source whip %511s %511s", a, b) == 2) {
        answer_source(source_start_whip(a, b));
    } else if (strncmp(line, "source stop", 11) == 0) {
        source_stop();
        answer_ok();
    } else if (sscanf(line, "size %u", &n) == 1) {
        source_set_size(n);
        answer_ok();
    } else if (sscanf(line, "gop %u", &n) == 1) {
        source_set_gop(n);
        answer_ok();
    } else if (sscanf(line, "target %511s %511s %511s %lf", a, b, c, &x) == 4) {
        command_target(a, b, c, x);
    } else if (sscanf(line, "join %u %lf", &n, &x) == 2) {
        command_join(n, x);
    } else if (sscanf(line, "measure %lf", &x) == 1) {
        command_measure(x);
    } else if (sscanf(line, "wait %lf", &x) == 1) {
        serve(now_us() + (uint64_t)(x * 1e6));
        answer_ok();
    } else if (strncmp(line, "rss", 3) == 0) {
        command_rss();
    } else if (sscanf(line, "leave %u", &n) == 1) {
        command_leave(n);
    } else if (strncmp(line, "leave", 5) == 0) {
        command_leave(l.count);
    } else if (strncmp(line, "quit", 4) == 0) {
        return false;
    } else {
        answer_error("unknown command", -EINVAL);
    }
    return true;
}

int main(int argc, char **argv) {
    struct rlimit files = {16384, 16384};
    char line[2048];
    setrlimit(RLIMIT_NOFILE, &files);
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    l.viewers = calloc(VIEWERS_MAX, sizeof *l.viewers);
    if (l.epoll < 0 || l.viewers == NULL ||
        peer_setup(argc > 1 ? argv[1] : "SRTP_AEAD_AES_128_GCM") < 0) {
        fprintf(stderr, "load_client: cannot start\n");
        return 1;
    }
    setvbuf(stdin, NULL, _IONBF, 0);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (;;) {
        struct pollfd in = {.fd = 0, .events = POLLIN};
        if (poll(&in, 1, 0) == 0) { /* nothing asked: keep the sessions alive */
            serve(now_us() + 20000);
            continue;
        }
        if (fgets(line, sizeof line, stdin) == NULL || !obey(line)) {
            break;
        }
    }
    for (unsigned i = 0; i < l.count; i++) {
        viewer_stop(&l.viewers[i], &l.plan);
    }
    source_stop();
    return 0;
}
