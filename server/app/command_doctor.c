/* parlour doctor: one line for each thing the server needs: there, or missing and how to get it. */
#include "app/arguments.h"
#include "app/certificate.h"
#include "app/commands.h"
#include "app/health_probe.h"
#include "app/places.h"
#include "app/plugin_check.h"
#include "app/say.h"
#include "app/turn_probe.h"
#include "app/turn_secret.h"
#include "base/address.h"
#include "store/database.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

static const char usage[] = "Usage: parlour doctor [--config FILE] [--SETTING VALUE …]\n"
                            "       takes the same settings as parlour serve\n";

#define DISK_LEAST (1024ull << 20)
#define DAY 86400
#define DAYS_SOON 14
#define FILES_LEAST 4096
#define SOCKET_BUFFER_LEAST 1000000

static unsigned problems;

__attribute__((format(printf, 2, 3))) static void good(const char *what, const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    printf("ok       %-14s ", what);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
}

__attribute__((format(printf, 2, 3))) static void bad(const char *what, const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    problems++;
    printf("MISSING  %-14s ", what);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
}

/* Works, but could be better. */
__attribute__((format(printf, 2, 3))) static void note(const char *what, const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    printf("note     %-14s ", what);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
}

static void check_data(const struct config *c) {
    struct database *db;
    struct statvfs disk;
    int error = database_open(c->data, NULL, &db);
    if (error) {
        bad("data", "%s: %s; give this user the right to write there or set --data DIR", c->data,
            strerror(-error));
        return;
    }
    database_close(db);
    good("data", "%s can be written", c->data);
    if (statvfs(c->data, &disk) != 0) {
        return;
    }
    unsigned long long free_bytes = (unsigned long long)disk.f_bavail * disk.f_frsize;
    if (free_bytes < DISK_LEAST) {
        bad("disk", "%llu MB free below %s; films need more: make room or set --data DIR",
            free_bytes >> 20, c->data);
    } else {
        good("disk", "%llu GB free for uploads, films and recordings", free_bytes >> 30);
    }
    if (free_bytes >= DISK_LEAST && free_bytes < c->upload_max) {
        note("disk", "less than the largest upload that is allowed (upload_max, %llu GB)",
             (unsigned long long)c->upload_max >> 30);
    }
}

/* 0 when it can be bound, or −errno. */
static int try_bind(const char *ip, uint16_t port, int type) {
    struct address address = {.family = 6, .port = port};
    struct sockaddr_in6 to;
    int off = 0, on = 1;
    if (ip[0] && address_parse(ip, port, &address) != 0) {
        return -EADDRNOTAVAIL;
    }
    int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (type == SOCK_STREAM) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    address_to_sockaddr6(&address, &to);
    int error = bind(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ? 0 : -errno;
    if (!error && type == SOCK_STREAM && listen(fd, 1) != 0) {
        error = -errno;
    }
    close(fd);
    return error;
}

static void check_media_tcp(const struct config *c, bool ours) {
    int port;
    bool may_fail;
    config_media_tcp_port(c, &port, &may_fail);
    const unsigned number = port ? (unsigned)port : (unsigned)c->media_port;
    if (port < 0) {
        note("media tcp", "off: customers whose network lets no UDP out need TURN");
    } else if (may_fail && c->media_port == c->listen_port) {
        note("media tcp", "off: HTTP has TCP %u; set --media-tcp-port N for customers without UDP",
             number);
    } else {
        int tcp = try_bind(c->media_bind, (uint16_t)number, SOCK_STREAM);
        if (tcp == 0) {
            good("media tcp", "TCP %u is free; let it through the firewall", number);
        } else if (tcp == -EADDRINUSE && ours) {
            good("media tcp", "TCP %u is in use by the running server", number);
        } else {
            bad("media tcp", "TCP %u: %s; stop what uses it or set --media-tcp-port N", number,
                strerror(-tcp));
        }
    }
}

static void check_ports(const struct config *c) {
    const char *ip = strcmp(c->listen_address, "localhost") == 0 ? "127.0.0.1" : c->listen_address;
    int http = try_bind(ip, (uint16_t)c->listen_port, SOCK_STREAM);
    bool ours = http == -EADDRINUSE && health_probe(c);
    if (http == 0) {
        good("http port", "%u is free", (unsigned)c->listen_port);
    } else if (ours) {
        good("http port", "%u: a server runs there and is healthy", (unsigned)c->listen_port);
    } else {
        bad("http port", "%u: %s; stop what uses it or set --listen ADDR:PORT",
            (unsigned)c->listen_port, strerror(-http));
    }
    check_media_tcp(c, ours);
    int udp = try_bind(c->media_bind, (uint16_t)c->media_port, SOCK_DGRAM);
    if (udp == 0) {
        good("media port", "UDP %u is free; let it through the firewall", (unsigned)c->media_port);
    } else if (udp == -EADDRINUSE && ours) {
        good("media port", "UDP %u is in use by the running server", (unsigned)c->media_port);
    } else {
        bad("media port", "UDP %u: %s; stop what uses it or set --media-port N",
            (unsigned)c->media_port, strerror(-udp));
    }
}

/* The door for OBS and hardware encoders. */
static void check_rtmp(const struct config *c) {
    char address[64];
    const char *colon = strrchr(c->rtmp_listen, ':');
    if (!colon) {
        note("rtmp port", "not set: OBS can send by WHIP; for RTMP set --rtmp-listen 0.0.0.0:1935");
        return;
    }
    snprintf(address, sizeof(address), "%.*s", (int)(colon - c->rtmp_listen), c->rtmp_listen);
    int port = atoi(colon + 1);
    bool any = strcmp(address, "*") == 0 || strcmp(address, "0.0.0.0") == 0;
    int error = port < 1 || port > 65535
                    ? -EINVAL
                    : try_bind(any ? "" : address, (uint16_t)port, SOCK_STREAM);
    if (error == 0) {
        good("rtmp port", "%d is free", port);
    } else if (error == -EADDRINUSE && health_probe(c)) {
        good("rtmp port", "%d is in use while a server runs", port);
    } else {
        bad("rtmp port", "%s: %s; stop what uses it or set --rtmp-listen ADDR:PORT", c->rtmp_listen,
            strerror(-error));
    }
}

static void check_turn_url(const char *url) {
    const char *transport = "";
    const int error = strncmp(url, "turn", 4) == 0 ? turn_probe(url, &transport) : -EINVAL;
    if (error == 0) {
        good("turn", "%s answers (%s)", url, transport);
    } else if (error == -EINVAL) {
        bad("turn", "%s is no turn: or turns: URL; correct turn_urls", url);
    } else if (error == -ENOENT) {
        bad("turn", "the host of %s is not known; correct turn_urls or the DNS", url);
    } else {
        bad("turn", "%s: %s; start coturn there, open its port, or correct turn_urls", url,
            strerror(-error));
    }
}

/* The last resort of customers whose network lets nothing but the web through. */
static void check_turn(const struct config *c) {
    char reason[CONFIG_REASON_MAX], secret[TURN_SECRET_MAX], urls[CONFIG_TEXT_MAX];
    if (!c->turn_urls[0]) {
        note("turn", "none set: customers whose network lets neither UDP nor the media TCP port "
                     "through see no live picture; see assets/turnserver.conf");
        return;
    }
    if (turn_secret_read(c, secret, reason) != 0) {
        bad("turn", "%s", reason);
    }
    explicit_bzero(secret, sizeof(secret));
    snprintf(urls, sizeof(urls), "%s", c->turn_urls);
    bool tls = false;
    for (char *rest = urls, *url; (url = strtok_r(rest, ", \t", &rest)) != NULL;) {
        tls = tls || strncmp(url, "turns:", 6) == 0;
        check_turn_url(url);
    }
    if (!tls) {
        note("turn", "no turns: URL: networks that let only TLS on 443 through stay shut");
    }
}

static void check_tls(const struct config *c) {
    char reason[CONFIG_REASON_MAX];
    int64_t expires_at;
    if (!c->tls_cert[0]) {
        note("certificate",
             "none set: browsers give camera and microphone only on localhost or by HTTPS; set "
             "--tls-cert FILE --tls-key FILE or put a proxy in front");
        return;
    }
    if (certificate_check(c->tls_cert, c->tls_key, &expires_at, reason, sizeof(reason)) != 0) {
        bad("certificate", "%s", reason);
        return;
    }
    long long days = (long long)(expires_at - (int64_t)time(NULL)) / DAY;
    if (expires_at <= (int64_t)time(NULL)) {
        bad("certificate", "it has expired; renew it, then send the server SIGHUP");
    } else if (days < DAYS_SOON) {
        note("certificate", "good for %lld more days; renew it, then send the server SIGHUP", days);
    } else {
        good("certificate", "good for %lld days", days);
    }
}

static void tell_element(const char *element, bool present, const char *purpose,
                         const char *package) {
    if (!present) {
        bad("plug-in", "%s (%s): apt-get install %s", element, purpose, package);
    }
}

static void check_confinement(const struct config *c, const struct plugin_check *check) {
    bool able = check->confinement && check->landlock > 0 && check->seccomp;
    if (c->unconfined) {
        note("confinement", "off (unconfined): a film that breaks a decoder may reach all files");
    } else if (able) {
        good("confinement", "Landlock %u and seccomp keep converters to their files",
             check->landlock);
    } else {
        bad("confinement",
            "the kernel has no %s; boot with lsm=landlock,… (Linux 5.13 or newer), or accept the "
            "risk with --unconfined",
            check->landlock == 0 ? "Landlock" : "seccomp filters");
    }
}

static void check_pipeline(const struct config *c) {
    struct plugin_check check;
    int error = plugin_check_run(c->pipeline, &check, tell_element);
    if (error) {
        bad("pipeline", "%s: %s; build or install it, or set --pipeline FILE", c->pipeline,
            strerror(-error));
    } else if (check.missing == 0) {
        good("plug-ins", "all %u GStreamer elements are there", check.present);
    }
    if (!error) {
        check_confinement(c, &check);
    }
}

static void check_pages(const struct config *c) {
    char path[PATH_MAX];
    if (!place_join(path, sizeof(path), c->web_root, "console.html") || access(path, R_OK) != 0) {
        bad("pages", "%s has no console.html; build the web client or set --web-root DIR",
            c->web_root);
    } else {
        good("pages", "%s", c->web_root);
    }
}

static long long number_in(const char *path) {
    long long n = -1;
    FILE *file = fopen(path, "re");
    if (file) {
        if (fscanf(file, "%lld", &n) != 1) {
            n = -1;
        }
        fclose(file);
    }
    return n;
}

static void check_system(void) {
    struct rlimit files;
    long long buffer = number_in("/proc/sys/net/core/rmem_max");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < FILES_LEAST) {
        note("open files",
             "limit %llu; LimitNOFILE=65536 in the service unit allows more customers",
             (unsigned long long)files.rlim_max);
    }
    if (buffer >= 0 && buffer < SOCKET_BUFFER_LEAST) {
        note("UDP buffers",
             "sysctl -w net.core.rmem_max=4194304 net.core.wmem_max=4194304 avoids loss "
             "with many customers");
    }
}

int command_doctor(int argc, char **argv) {
    static struct config c;
    char reason[CONFIG_REASON_MAX];
    bool help = false;
    const struct argument_rule rules[] = {{"help", NULL, &help}};
    const struct arguments a = {.rules = rules, .rule_count = 1, .config = &c};
    size_t words;
    config_defaults(&c);
    if (arguments_parse(&a, argc, argv, &words, reason) != 0 ||
        (!help && config_check(&c, reason) != 0)) {
        return fail_usage(reason, usage);
    }
    if (help) {
        fputs(usage, stdout);
        return EXIT_OK;
    }
    if (!c.pipeline[0]) {
        place_pipeline(c.pipeline, sizeof(c.pipeline));
    }
    if (!c.web_root[0]) {
        place_web_root(c.web_root, sizeof(c.web_root));
    }
    check_data(&c);
    check_ports(&c);
    check_rtmp(&c);
    check_turn(&c);
    check_tls(&c);
    check_pipeline(&c);
    check_pages(&c);
    check_system();
    fflush(stdout);
    return problems == 0 ? EXIT_OK
                         : fail("%u thing%s missing; see the lines above.", problems,
                                problems == 1 ? " is" : "s are");
}
