/* A link between two network namespaces, for kernels without netem: two tun devices, and between
 * them, each way on its own, a queue of limited length before a rate, then delay and jitter
 * (nothing overtakes), then loss, alone or in bursts (two states after Gilbert and Elliott).
 *
 *     link_emulator NETNS INNER OUTER [WORD...]
 *
 * makes the device INNER in /run/netns/NETNS and OUTER where it runs, says "ready" and obeys until
 * its input ends. Words are "down.rate=1000000" (towards NETNS; bits a second, 0: unlimited),
 * likewise "up."; delay and jitter in ms, queue in bytes, loss and burst in percent of the packets
 * (half of those in a burst are lost). A line of words changes the link at once; the line "stats"
 * is answered by one of JSON: packets and bytes passed, dropped by the queue, lost, and the longest
 * time in the queue since the last answer. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PACKET_MAX 1600
#define PLACES 8192
#define BURST_LEAVE 0.1 /* ten packets long on average */
#define BURST_LOSS 0.5

struct packet {
    uint64_t came, at; /* µs; at: arrives */
    size_t size;
    uint8_t data[PACKET_MAX];
};

struct way {
    const char *name;
    int from, to;
    double rate, delay, jitter, queue, loss, burst; /* as the words have them */
    bool in_burst;
    uint64_t free_at, last_arrival;
    double queued;                                 /* bytes */
    size_t first, sent, count;                     /* of ring: under way, then waiting */
    uint64_t passed, bytes, dropped, lost, waited; /* waited: longest, µs */
    struct packet ring[PLACES];
};

static struct way down = {.name = "down", .queue = 200000}, up = {.name = "up", .queue = 200000};
static uint64_t seed = 88172645463325252u;

static double chance(void) { /* xorshift64* */
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (double)((seed * 0x2545f4914f6cdd1du) >> 11) / (double)(1ull << 53);
}

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static void fail(const char *what) {
    fprintf(stderr, "link_emulator: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_tun(const char *name) {
    struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0) {
        fail(name);
    }
    return fd;
}

static int open_tun_in(const char *netns, const char *name) {
    char path[200];
    snprintf(path, sizeof path, "/run/netns/%s", netns);
    const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    const int there = open(path, O_RDONLY | O_CLOEXEC);
    if (home < 0 || there < 0 || setns(there, CLONE_NEWNET) < 0) {
        fail(path);
    }
    const int fd = open_tun(name);
    if (setns(home, CLONE_NEWNET) < 0) {
        fail("setns");
    }
    close(home);
    close(there);
    return fd;
}

/* ---- A way ---- */

static void take_in(struct way *w, uint64_t now) {
    for (;;) {
        uint8_t data[PACKET_MAX];
        const ssize_t n = read(w->from, data, sizeof data);
        if (n <= 0) {
            return;
        }
        if (w->count == PLACES || w->queued + (double)n > w->queue) {
            w->dropped++;
            continue;
        }
        struct packet *p = &w->ring[(w->first + w->count) % PLACES];
        p->came = now;
        p->size = (size_t)n;
        memcpy(p->data, data, (size_t)n);
        w->queued += (double)n;
        w->count++;
    }
}

static bool is_lost(struct way *w) {
    const double share = w->burst / 100;
    const double enter = share < 1 ? BURST_LEAVE * share / (1 - share) : 1;
    if (chance() < (w->in_burst ? BURST_LEAVE : enter)) {
        w->in_burst = !w->in_burst;
    }
    return chance() < (w->in_burst ? BURST_LOSS : w->loss / 100);
}

/* When the first that waits has been sent whole. */
static uint64_t departure(const struct way *w) {
    const struct packet *p = &w->ring[(w->first + w->sent) % PLACES];
    const uint64_t begun = p->came > w->free_at ? p->came : w->free_at;
    return begun + (w->rate > 0 ? (uint64_t)((double)p->size * 8e6 / w->rate) : 0);
}

static void depart(struct way *w, uint64_t at) {
    struct packet *p = &w->ring[(w->first + w->sent++) % PLACES];
    w->free_at = at;
    w->queued -= (double)p->size;
    w->waited = at - p->came > w->waited ? at - p->came : w->waited;
    p->at = at + (uint64_t)(1000 * (w->delay + chance() * w->jitter));
    p->at = p->at > w->last_arrival ? p->at : w->last_arrival;
    w->last_arrival = p->at;
    if (is_lost(w)) {
        w->lost++;
        p->size = 0;
    }
}

/* Moves what is due. When the next is. */
static uint64_t run(struct way *w, uint64_t now) {
    uint64_t at;
    while (w->sent < w->count && (at = departure(w)) <= now) {
        depart(w, at);
    }
    while (w->sent > 0 && w->ring[w->first].at <= now) {
        const struct packet *p = &w->ring[w->first];
        if (p->size > 0 && write(w->to, p->data, p->size) > 0) {
            w->passed++;
            w->bytes += p->size;
        }
        w->first = (w->first + 1) % PLACES;
        w->sent--;
        w->count--;
    }
    const uint64_t arrival = w->sent > 0 ? w->ring[w->first].at : UINT64_MAX;
    const uint64_t leaves = w->sent < w->count ? departure(w) : UINT64_MAX;
    return arrival < leaves ? arrival : leaves;
}

/* ---- Words ---- */

static bool obey(const char *word) {
    struct way *w = strncmp(word, "down.", 5) == 0 ? &down
                    : strncmp(word, "up.", 3) == 0 ? &up
                                                   : NULL;
    const char *equals = strchr(word, '=');
    if (w == NULL || equals == NULL) {
        return false;
    }
    const char *name = strchr(word, '.') + 1;
    const size_t n = (size_t)(equals - name);
    const struct {
        const char *name;
        double *value;
    } all[] = {{"rate", &w->rate},   {"delay", &w->delay}, {"jitter", &w->jitter},
               {"queue", &w->queue}, {"loss", &w->loss},   {"burst", &w->burst}};
    char *end;
    const double value = strtod(equals + 1, &end);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strlen(all[i].name) == n && strncmp(all[i].name, name, n) == 0 && *end == '\0' &&
            end != equals + 1 && value >= 0) {
            *all[i].value = value;
            return true;
        }
    }
    return false;
}

static void tell(struct way *w, const char *after) {
    printf("\"%s\":{\"packets\":%llu,\"bytes\":%llu,\"dropped\":%llu,\"lost\":%llu,"
           "\"waited_ms\":%.1f}%s",
           w->name, (unsigned long long)w->passed, (unsigned long long)w->bytes,
           (unsigned long long)w->dropped, (unsigned long long)w->lost, (double)w->waited / 1000,
           after);
    w->waited = 0;
}

/* False at the end of the input. */
static bool read_line(void) {
    char line[1000];
    if (fgets(line, sizeof line, stdin) == NULL) {
        return false;
    }
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "stats") == 0) {
        printf("{");
        tell(&down, ",");
        tell(&up, "}\n");
        fflush(stdout);
        return true;
    }
    for (char *rest = line, *word; (word = strsep(&rest, " ")) != NULL;) {
        if (*word != '\0' && !obey(word)) {
            fprintf(stderr, "link_emulator: what is \"%s\"?\n", word);
        }
    }
    return true;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: link_emulator NETNS INNER OUTER [WORD...]\n");
        return 2;
    }
    for (int i = 4; i < argc; i++) {
        if (!obey(argv[i])) {
            fprintf(stderr, "link_emulator: what is \"%s\"?\n", argv[i]);
            return 2;
        }
    }
    down.from = up.to = open_tun(argv[3]);
    down.to = up.from = open_tun_in(argv[1], argv[2]);
    setvbuf(stdin, NULL, _IONBF, 0);
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        uint64_t now = now_us();
        const uint64_t a = run(&down, now), b = run(&up, now);
        const uint64_t due = a < b ? a : b;
        const uint64_t wait = due == UINT64_MAX ? 1000000 : due > now ? due - now : 0;
        const struct timespec t = {(time_t)(wait / 1000000), (long)(wait % 1000000) * 1000};
        struct pollfd fds[] = {{0, POLLIN, 0}, {down.from, POLLIN, 0}, {up.from, POLLIN, 0}};
        if (ppoll(fds, 3, &t, NULL) < 0 && errno != EINTR) {
            fail("ppoll");
        }
        now = now_us();
        if (fds[1].revents != 0) {
            take_in(&down, now);
        }
        if (fds[2].revents != 0) {
            take_in(&up, now);
        }
        if (fds[0].revents != 0 && !read_line()) {
            return 0;
        }
    }
}
