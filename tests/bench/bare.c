/* tests/bench/bare.c: the least that a server could do, to measure Parlour against: it seals each
 * packet for each viewer (AES-128-GCM by OpenSSL's EVP) and sends a frame to a viewer by one
 * UDP_SEGMENT message. No network comes in, nothing is read, looked up, counted or repeated.
 *
 *   bare ADDRESS VIEWERS SECONDS     prints one line of JSON
 *
 * The packets and their times are those of source.c: 30 frames a second of 5 or 6 packets of 1,200
 * bytes, 12 every 2 s, and 50 sound packets a second. It runs on core 0; a child on core 1 has a
 * socket for each viewer and reads as the load client does, because delivering to it is part of
 * what sending costs on the loopback. Shares no code with the server. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define VIEWERS_MAX 4000
#define FRAME_NS (1000000000ull / 30)
#define AUDIO_NS 20000000ull
#define KEY_FRAMES 60u
#define KEY_PACKETS 12u
#define HEADER 20u /* RTP and one element of extensions */
#define VIDEO (1200u - HEADER)
#define AUDIO 100u
#define TAG 16u
#define HEAD_READ 256 /* as much as the load client copies of a packet */

struct viewer {
    struct sockaddr_in to;
    EVP_CIPHER_CTX *cipher;
    uint8_t salt[12];
    uint32_t ssrc[2];
    uint64_t index[2];
};

static struct viewer viewers[VIEWERS_MAX];
static unsigned viewer_count;
static int out;
static uint8_t payload[VIDEO], sealed[KEY_PACKETS * (HEADER + VIDEO + TAG)];
static uint64_t packets, failed;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void die(const char *what) {
    fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set); /* on one core: as well as it goes */
}

/* --- The receiving half --- */

static void receive(int epoll) {
    static uint8_t data[16][HEAD_READ];
    struct epoll_event events[256];
    struct mmsghdr messages[16];
    struct iovec spans[16];
    for (;;) {
        int n = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; i++) {
            int got;
            do {
                for (unsigned k = 0; k < 16; k++) {
                    spans[k] = (struct iovec){data[k], HEAD_READ};
                    messages[k] =
                        (struct mmsghdr){.msg_hdr = {.msg_iov = &spans[k], .msg_iovlen = 1}};
                }
                got = recvmmsg(events[i].data.fd, messages, 16, MSG_DONTWAIT | MSG_TRUNC, NULL);
            } while (got == 16);
        }
    }
}

/* Binds a socket for each viewer, so that their addresses are known, and lets a child read them. */
static pid_t start_receiver(struct in_addr address) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct rlimit files = {16384, 16384};
    setrlimit(RLIMIT_NOFILE, &files);
    for (unsigned i = 0; i < viewer_count; i++) {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = address};
        socklen_t size = sizeof at;
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
        if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
            getsockname(fd, (struct sockaddr *)&viewers[i].to, &size) < 0 ||
            epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0) {
            die("receiver");
        }
    }
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(1);
        receive(epoll);
    }
    return child;
}

/* --- The sending half --- */

static void put32(uint8_t *p, uint32_t v) {
    v = htonl(v);
    memcpy(p, &v, 4);
}

/* RFC 3711 and RFC 7714; the size. */
static size_t seal(struct viewer *v, unsigned kind, size_t size, bool marker, uint32_t timestamp,
                   uint8_t *p) {
    static const uint8_t extension[8] = {0xbe, 0xde, 0, 1, 0x10, '0', 0, 0};
    uint64_t index = v->index[kind]++;
    uint8_t iv[12] = {0};
    int n;
    p[0] = 0x90;
    p[1] = (uint8_t)((kind ? 96 : 111) | (marker ? 0x80 : 0));
    p[2] = (uint8_t)(index >> 8);
    p[3] = (uint8_t)index;
    put32(p + 4, timestamp);
    put32(p + 8, v->ssrc[kind]);
    memcpy(p + 12, extension, sizeof extension);
    put32(iv + 2, v->ssrc[kind]);
    put32(iv + 6, (uint32_t)(index >> 16));
    iv[10] = p[2];
    iv[11] = p[3];
    for (unsigned i = 0; i < 12; i++) {
        iv[i] ^= v->salt[i];
    }
    OSSL_PARAM tag[] = {
        {OSSL_CIPHER_PARAM_AEAD_TAG, OSSL_PARAM_OCTET_STRING, p + HEADER + size, TAG, 0},
        OSSL_PARAM_END};
    if (EVP_EncryptInit_ex(v->cipher, NULL, NULL, NULL, iv) != 1 ||
        EVP_EncryptUpdate(v->cipher, NULL, &n, p, HEADER) != 1 ||
        EVP_EncryptUpdate(v->cipher, p + HEADER, &n, payload, (int)size) != 1 ||
        EVP_EncryptFinal_ex(v->cipher, p + HEADER + size, &n) != 1 ||
        EVP_CIPHER_CTX_get_params(v->cipher, tag) != 1) {
        die("seal");
    }
    packets++;
    return HEADER + size + TAG;
}

static void send_frame(struct viewer *v, unsigned kind, unsigned count, size_t size,
                       uint32_t timestamp) {
    size_t n = 0, segment = 0;
    for (unsigned i = 0; i < count; i++) {
        segment = seal(v, kind, size, i + 1 == count, timestamp, sealed + n);
        n += segment;
    }
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
    } control = {0};
    struct iovec span = {sealed, n};
    struct msghdr m = {
        .msg_name = &v->to, .msg_namelen = sizeof v->to, .msg_iov = &span, .msg_iovlen = 1};
    if (count > 1) {
        m.msg_control = control.bytes;
        m.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        const uint16_t value = (uint16_t)segment;
        memcpy(CMSG_DATA(c), &value, sizeof value);
    }
    failed += sendmsg(out, &m, MSG_DONTWAIT) < 0;
}

static void open_viewers(void) {
    FILE *f = fopen("/dev/urandom", "r");
    uint8_t key[16];
    if (!f) {
        die("random");
    }
    for (unsigned i = 0; i < viewer_count; i++) {
        struct viewer *v = &viewers[i];
        v->cipher = EVP_CIPHER_CTX_new();
        v->ssrc[0] = 1000 + i;
        v->ssrc[1] = 100000 + i;
        if (fread(key, 1, sizeof key, f) != sizeof key ||
            fread(v->salt, 1, sizeof v->salt, f) != sizeof v->salt || !v->cipher ||
            EVP_EncryptInit_ex(v->cipher, EVP_aes_128_gcm(), NULL, key, NULL) != 1) {
            die("cipher");
        }
    }
    if (fread(payload, 1, sizeof payload, f) != sizeof payload) {
        die("random");
    }
    fclose(f);
}

static void sleep_until(uint64_t ns) {
    struct timespec t = {(time_t)(ns / 1000000000ull), (long)(ns % 1000000000ull)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
    }
}

static void run(uint64_t end) {
    uint64_t next_frame = now_ns(), next_audio = next_frame + 7000000;
    unsigned frames = 0, sounds = 0;
    for (;;) {
        const uint64_t next = next_frame < next_audio ? next_frame : next_audio;
        if (next >= end) {
            return;
        }
        sleep_until(next);
        if (next == next_frame) {
            const unsigned count = frames % KEY_FRAMES == 0 ? KEY_PACKETS : 5 + (frames & 1);
            for (unsigned i = 0; i < viewer_count; i++) {
                send_frame(&viewers[i], 1, count, VIDEO, frames * 3000);
            }
            frames++;
            next_frame += FRAME_NS;
        } else {
            for (unsigned i = 0; i < viewer_count; i++) {
                send_frame(&viewers[i], 0, 1, AUDIO, sounds * 960);
            }
            sounds++;
            next_audio += AUDIO_NS;
        }
    }
}

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    struct in_addr address;
    if (argc != 4 || inet_pton(AF_INET, argv[1], &address) != 1 || atoi(argv[2]) < 1 ||
        atoi(argv[2]) > VIEWERS_MAX || atof(argv[3]) <= 0) {
        fprintf(stderr, "Usage: bare ADDRESS VIEWERS SECONDS\n");
        return 2;
    }
    viewer_count = (unsigned)atoi(argv[2]);
    pid_t child = start_receiver(address);
    pin(0);
    out = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int room = 4 << 20;
    setsockopt(out, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (child < 0 || out < 0) {
        die("start");
    }
    open_viewers();
    run(now_ns() + 1000000000ull); /* warm */
    packets = failed = 0;
    const double before = cpu_seconds();
    const uint64_t start = now_ns();
    run(start + (uint64_t)(atof(argv[3]) * 1e9));
    const double cpu = cpu_seconds() - before, took = (double)(now_ns() - start) / 1e9;
    printf("{\"viewers\":%u,\"seconds\":%.3f,\"packets\":%llu,\"failed\":%llu,\"cpu\":%.4f,"
           "\"us_per_packet\":%.4f}\n",
           viewer_count, took, (unsigned long long)packets, (unsigned long long)failed, cpu / took,
           cpu * 1e6 / (double)packets);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return 0;
}
