#include "signal/server.h"
#include "base/random.h"
#include "signal/api.h"
#include "signal/candidates.h"
#include "signal/compiles.h"
#include "signal/decks.h"
#include "signal/disk_sync.h"
#include "signal/drain.h"
#include "signal/feeds.h"
#include "signal/http.h"
#include "signal/ice_servers.h"
#include "signal/invite_watch.h"
#include "signal/job_events.h"
#include "signal/leftovers.h"
#include "signal/live.h"
#include "signal/live_view.h"
#include "signal/lws.h"
#include "signal/model_work.h"
#include "signal/quota.h"
#include "signal/recordings.h"
#include "signal/replays.h"
#include "signal/sessions.h"
#include "signal/sources.h"
#include "signal/state.h"
#include "signal/tls.h"
#include "signal/websocket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define TICK SEC(1)
#define STOP_TIME SEC(3)     /* for clients to take their close frames */
#define KEEPALIVE_SECONDS 30 /* an idle HTTP connection */
#define HEADERS_MAX 16384    /* bytes of one request's headers */
#define HEADERS_AT_ONCE 1024 /* requests whose headers are being read */

static const char *or_empty(const char *text) {
    return text != NULL ? text : "";
}

static void fill_defaults(struct signal_config *c) {
    const char **texts[] = {&c->listen_ip,   &c->tls_cert,   &c->tls_key,     &c->data_dir,
                            &c->web_root,    &c->public_url, &c->public_ip,   &c->company,
                            &c->ice_servers, &c->turn_urls,  &c->turn_secret, &c->rtmp_listen};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        *texts[i] = or_empty(*texts[i]);
    }
    struct {
        size_t *value, standard;
    } limits[] = {
        {&c->connections_max, 8192},
        {&c->connections_per_address, 512},
        {&c->sessions_max, 4096},
        {&c->sessions_per_address, 1024},
        {&c->session_rate_per_address, 6000},
        {&c->body_max, 256u * 1024},
        {&c->participants_max, 200},
        {&c->sources_max, VISIT_SOURCES_MAX},
        {&c->visits_open_max, 1000},
        {&c->recording_hours_max, 12},
        {&c->uploads_open_max, 200},
        {&c->upload_idle_hours, 24},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (*limits[i].value == 0) {
            *limits[i].value = limits[i].standard;
        }
    }
    if (c->srt_first == 0) {
        c->srt_first = 9000;
        c->srt_last = 9099;
    }
    if (c->recordings_min_free == 0) {
        c->recordings_min_free = (uint64_t)1 << 30;
    }
    if (c->model_max == 0) {
        c->model_max = (uint64_t)32 << 20;
    }
    if (c->question_rate_per_address == 0) {
        c->question_rate_per_address = 10;
    }
    if (c->image_max == 0) {
        c->image_max = (uint64_t)8 << 20;
    }
    if (c->upload_max == 0) {
        c->upload_max = (uint64_t)16 << 30;
    }
}

media_id signal_new_media_id(struct signal *s) {
    return ++s->last_media_id;
}

/* ---- libwebsockets ---- */

static void woken(struct signal *s) {
    struct media_event e;

    atomic_store(&s->woken, false);
    if (s->service != NULL && s->store != NULL) {
        s->service(s->service_ctx);
    }
    while (s->media != NULL && media_next_event(s->media, &e)) {
        live_view_media_event(s, &e);
        if (!feeds_media_event(s, &e)) {
            sessions_media_event(s, &e);
        }
    }
    job_events_service(s);
    disk_sync_service(s);
    model_work_service(s);
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t n) {
    struct lws_context *context = wsi != NULL ? lws_get_context(wsi) : NULL;
    struct signal *s = context != NULL ? lws_context_user(context) : NULL;

    if (s == NULL) {
        return 0;
    }
    if (reason == LWS_CALLBACK_EVENT_WAIT_CANCELLED) {
        woken(s);
        return 0;
    }
    if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS) {
        s->ssl_ctx = user; /* for tls_swap */
        return 0;
    }
    return http_callback(s, wsi, (int)reason, user, in, n);
}

/* One protocol for all; its per-connection size is set in signal_new. */
static struct lws_protocols protocols[] = {
    {.name = "parlour", .callback = callback, .rx_buffer_size = 16384},
    {.name = NULL},
};

static const lws_retry_bo_t keepalive = {.secs_since_valid_ping = 20,
                                         .secs_since_valid_hangup = 45};

static void log_lws(int level, const char *line) {
    size_t n = strcspn(line, "\n");

    log_line(level == LLL_ERR ? LOG_WARN : LOG_DEBUG, "lws", "text=\"%.*s\"", (int)n, line);
}

static bool has_ipv6(void) {
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return false;
    }
    close(fd);
    return true;
}

/* Could the port be had? lws only says no, this says why. */
static int probe_port(const char *ip, uint16_t port) {
    struct address a;
    int one = 1, r = 0;

    if (port == 0) {
        return 0;
    }
    bool any = ip[0] == '\0';
    bool six = any ? has_ipv6() : strchr(ip, ':') != NULL;
    int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (address_parse(any ? (six ? "::" : "0.0.0.0") : ip, port, &a) < 0) {
        r = -EINVAL;
    } else if (six) {
        struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        memcpy(&sa.sin6_addr, a.ip, 16);
        r = bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0 ? -errno : 0;
    } else {
        struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&sa.sin_addr, a.ip, 4);
        r = bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0 ? -errno : 0;
    }
    if (r == 0 && listen(fd, 1) < 0) {
        r = -errno;
    }
    close(fd);
    return r;
}

static const char *port_reason(int error) {
    switch (-error) {
    case EADDRINUSE:
        return "The HTTP port is in use: stop the other program or choose another with --listen.";
    case EACCES:
        return "The HTTP port may not be used by this user: choose one above 1023 with --listen, "
               "or grant CAP_NET_BIND_SERVICE.";
    case EINVAL:
        return "The listen address is not a numeric IP address.";
    }
    return "The HTTP port cannot be opened: check the address given with --listen.";
}

static int open_port(struct signal *s, const char **ret_reason) {
    const struct signal_config *c = s->config;
    struct lws_context_creation_info info = {0};
    int r = probe_port(c->listen_ip, c->port);

    if (r < 0) {
        *ret_reason = port_reason(r);
        return r;
    }
    lws_set_log_level(LLL_ERR | LLL_WARN, log_lws);
    protocols[0].per_session_data_size = http_connection_size();
    info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_VALIDATE_UTF8;
    info.user = s;
    info.max_http_header_data2 = HEADERS_MAX;
    info.max_http_header_pool2 = HEADERS_AT_ONCE;
    info.timeout_secs = 15;
    info.timeout_secs_ah_idle = 10;
    info.retry_and_idle_policy = &keepalive;
    info.gid = (gid_t)-1;
    info.uid = (uid_t)-1;
    if (c->tls_cert[0] != '\0') {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    }
    s->context = lws_create_context(&info);
    if (s->context == NULL) {
        *ret_reason = "The web server could not be started: out of memory or file descriptors.";
        return -ENOMEM;
    }
    info.protocols = protocols;
    info.vhost_name = "parlour";
    info.port = c->port;
    info.iface = c->listen_ip[0] != '\0' ? c->listen_ip : NULL;
    info.keepalive_timeout = KEEPALIVE_SECONDS;
    info.options |= LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
    if (!has_ipv6() || (c->listen_ip[0] != '\0' && strchr(c->listen_ip, ':') == NULL)) {
        info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
    }
    if (c->tls_cert[0] != '\0') {
        info.alpn = "http/1.1";
        info.ssl_cert_filepath = c->tls_cert;
        info.ssl_private_key_filepath = c->tls_key;
    }
    s->vhost = lws_create_vhost(s->context, &info);
    if (s->vhost == NULL) {
        r = probe_port(c->listen_ip, c->port); /* somebody was faster than us? */
        r = r < 0 ? r : -EADDRNOTAVAIL;
        *ret_reason = port_reason(r);
        return r;
    }
    return 0;
}

/* ---- life ---- */

static int check_config(const struct signal_config *c, const char **ret_reason) {
    if ((c->tls_cert[0] == '\0') != (c->tls_key[0] == '\0')) {
        *ret_reason = "TLS needs both a certificate and a key in the configuration.";
        return -EINVAL;
    }
    if (!candidates_valid(c->public_ip)) {
        *ret_reason = "public_ip must be numeric IP addresses with commas between them.";
        return -EINVAL;
    }
    if (!turn_urls_valid(c->turn_urls)) {
        *ret_reason =
            "turn_urls must be at most 8 URLs like turn:turn.example.com:3479?transport=udp "
            "or turns:turn.example.com:443?transport=tcp, with commas between them.";
        return -EINVAL;
    }
    return c->tls_cert[0] != '\0' ? tls_check(c->tls_cert, c->tls_key, ret_reason) : 0;
}

int signal_new(const struct signal_config *config, struct signal **ret, const char **ret_reason) {
    struct signal *s = calloc(1, sizeof *s);
    int r = -ENOMEM;

    *ret_reason = "Out of memory.";
    if (s == NULL) {
        return -ENOMEM;
    }
    s->own_config = *config;
    s->config = &s->own_config;
    fill_defaults(&s->own_config);
    s->service = config->service;
    s->service_ctx = config->service_ctx;
    s->secret = random_u64();
    s->started = clock_now();
    s->last_media_id = clock_unix(); /* recordings go on over restarts: no id comes twice */
    r = check_config(s->config, ret_reason);
    if (r == 0 && (r = quota_new(s)) == 0 && (r = lives_new(s)) == 0 &&
        (r = live_view_new(s)) == 0 && (r = sessions_new(s)) == 0 && (r = compiles_new(s)) == 0 &&
        (r = decks_new(s)) == 0 && (r = disk_sync_new(s)) == 0 && (r = model_work_new(s)) == 0 &&
        (r = feeds_new(s)) == 0 && (r = sources_new(s)) == 0 && (r = recordings_new(s)) == 0 &&
        (r = replays_new(s)) == 0) {
        r = open_port(s, ret_reason);
    }
    if (r < 0) {
        signal_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

void signal_attach(struct signal *s, const struct signal_parts *parts) {
    s->media = parts->media;
    s->store = parts->store;
    s->jobs = parts->jobs;
    compiles_resume(s);
    replays_resume(s);
    decks_resume(s);
    sources_start(s);
    leftovers_sweep(s);
}

static void tick(struct signal *s, usec_t now) {
    s->next_tick = now + TICK;
    http_tick(s, now);
    quota_tick(s, now);
    clients_tick(s, now);
    sessions_tick(s, now);
    lives_tick(s, now);
    invite_watch_tick(s, now);
    recordings_tick(s, now);
    replays_tick(s, now);
    uploads_tick(s, now);
    woken(s);
}

static void reload(struct signal *s) {
    const char *reason = "";

    if (s->config->tls_cert[0] == '\0') {
        return;
    }
    if (tls_swap(s->ssl_ctx, s->config->tls_cert, s->config->tls_key, &reason) < 0) {
        log_error("tls.reload", "result=kept-old reason=\"%s\"", reason);
    } else {
        log_info("tls.reload", "result=new-certificate");
    }
}

/* lws sleeps until its next timer; this one makes it come back for the tick. */
static lws_sorted_usec_list_t heartbeat;

static void beat(lws_sorted_usec_list_t *sul) {
    (void)sul;
}

static void drain(struct signal *s, usec_t now) {
    if (!atomic_load(&s->draining) || atomic_load(&s->stopping)) {
        return;
    }
    if (!drain_goes_on(s)) {
        drain_begin(s, now);
    }
    if (drain_over(s, now)) {
        atomic_store(&s->stopping, true);
    }
}

int signal_run(struct signal *s) {
    usec_t stop_at = USEC_NEVER;
    int r = 0;

    while (r >= 0) {
        usec_t now = clock_now();
        if (now >= s->next_tick) {
            tick(s, now);
        }
        if (atomic_exchange(&s->reload, false)) {
            reload(s);
        }
        drain(s, now);
        if (atomic_load(&s->stopping)) {
            if (stop_at == USEC_NEVER) {
                stop_at = now + STOP_TIME;
                clients_stop(s);
            }
            if (now >= stop_at || s->counters.websockets == 0) {
                break;
            }
        }
        lws_sul_schedule(s->context, 0, &heartbeat, beat,
                         (lws_usec_t)(atomic_load(&s->stopping) ? MSEC(50) : TICK));
        r = lws_service(s->context, 0);
    }
    lws_sul_schedule(s->context, 0, &heartbeat, beat, LWS_SET_TIMER_USEC_CANCEL);
    return 0;
}

void signal_free(struct signal *s) {
    if (s == NULL) {
        return;
    }
    atomic_store(&s->stopping, true);
    disk_sync_free(s);
    model_work_free(s);
    sessions_free(s);
    if (s->context != NULL) {
        lws_context_destroy(s->context);
    }
    http_clear(s);
    sources_free(s);
    feeds_free(s);
    decks_free(s);
    compiles_free(s);
    lives_free(s);
    live_view_free(s);
    recordings_free(s);
    replays_free(s);
    quota_free(s);
    free(s);
}

uint16_t signal_port(const struct signal *s) {
    return (uint16_t)lws_get_vhost_listen_port(s->vhost);
}

void signal_wake(void *signal) {
    struct signal *s = signal;

    if (s != NULL && s->context != NULL && !atomic_exchange(&s->woken, true)) {
        lws_cancel_service(s->context);
    }
}

void signal_reload_tls(struct signal *s) {
    atomic_store(&s->reload, true);
    lws_cancel_service(s->context);
}

void signal_stop(struct signal *s) {
    atomic_store(&s->stopping, true);
    lws_cancel_service(s->context);
}

void signal_drain(struct signal *s) {
    if (s->config->drain_seconds == 0 || atomic_exchange(&s->draining, true)) {
        atomic_store(&s->stopping, true);
    }
    lws_cancel_service(s->context);
}
