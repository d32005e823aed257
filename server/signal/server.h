/* signal/server.h: the control thread: libwebsockets' loop, everything that speaks HTTP or
 * WebSocket, and the live state of visits. Started by app/ in this order:
 *
 *   signal_new(config)            binds the port; nothing is served yet
 *   media_new({.wake = signal_wake, .wake_ctx = signal}), store, pipelines likewise
 *   signal_attach(signal, parts)
 *   signal_run(signal)            until signal_stop
 *   signal_free(signal)           before media_free and the end of the store
 *
 * One object, one thread: all functions belong to the thread that runs signal_run, but for those
 * marked "any thread". */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jobs;
struct media;
struct signal;
struct store;

struct signal_config {
    /* Texts must outlive the signal; NULL counts as "". */
    const char *listen_ip;   /* "": every address, IPv4 and IPv6 */
    uint16_t port;           /* 0 lets the kernel choose; see signal_port */
    const char *tls_cert;    /* PEM file with the chain; "": plain HTTP */
    const char *tls_key;     /* PEM file */
    const char *data_dir;    /* uploads and presentations live under it */
    const char *web_root;    /* web-client/dist; "": no pages, API only */
    const char *public_url;  /* "https://parlour.example.com"; "": taken from each Host header */
    const char *public_ip;   /* comma list of further candidate addresses (NAT) */
    const char *company;     /* shown to customers */
    const char *ice_servers; /* comma list of "stun:…" and "turn:…?user=U&pass=P" */
    const char *turn_urls;   /* comma list of TURN URLs that take credentials by turn_secret */
    const char *turn_secret; /* shared with them; "": turn_urls are not told */
    const char *rtmp_listen; /* "ADDR:PORT" of the door for RTMP; "": none */
    uint16_t srt_first, srt_last; /* UDP ports that sources may be given (9000-9099) */
    bool trust_proxy;             /* address and scheme come from X-Forwarded-For and -Proto */

    /* 0 stands for the number in parentheses. */
    size_t connections_max;             /* HTTP and WebSocket together (8192) */
    size_t connections_per_address;     /* (512) */
    size_t sessions_max;                /* WHIP and WHEP together (4096) */
    size_t sessions_per_address;        /* (1024) */
    size_t session_rate_per_address;    /* new sessions a minute (6000) */
    size_t body_max;                    /* bytes of an API body (256 KiB) */
    uint64_t upload_max;                /* bytes of one upload (16 GiB) */
    uint64_t model_max;                 /* of a product's 3D model (32 MiB) */
    uint64_t image_max;                 /* of a product's image (8 MiB) */
    unsigned question_rate_per_address; /* asked of walkthroughs in ten minutes (10) */
    size_t uploads_open_max;            /* that are not complete (200) */
    size_t upload_idle_hours;           /* until one that nobody writes or takes is removed (24) */
    size_t participants_max;            /* of one visit (200) */
    size_t sources_max;                 /* of one visit (32) */
    size_t visits_open_max;             /* visits that somebody is in (1000) */
    size_t recording_hours_max;         /* of one visit, from its first minute on (12) */
    uint64_t recordings_min_free;       /* bytes that recordings leave on the disk (1 GiB) */
    size_t drain_seconds;               /* that signal_drain waits for people to leave; 0: none */

    /* Called on the control thread after every signal_wake and at least once a second, for what
     * app/ keeps there: the store's answers, the pipeline supervisor. May be NULL. */
    void (*service)(void *ctx);
    void *service_ctx;
};

struct signal_parts {
    struct media *media;
    struct store *store;
    struct jobs *jobs; /* NULL: walkthroughs cannot be compiled and feeds not started (503) */
};

/* 0; -EADDRINUSE, -EACCES, -EINVAL (the certificate or key cannot be used), -ENOMEM. On failure
 * `ret_reason` is a sentence that names the remedy (static or owned by the failed call's thread).
 */
int signal_new(const struct signal_config *config, struct signal **ret, const char **ret_reason);

void signal_attach(struct signal *s, const struct signal_parts *parts);

/* Serves until signal_stop, then closes every connection in order (WebSockets with 1001). */
int signal_run(struct signal *s);

void signal_free(struct signal *s); /* NULL is fine */

/* The port in use. */
uint16_t signal_port(const struct signal *s);

/* Any thread: lets the loop take what waits for it. NULL is fine. */
void signal_wake(void *signal);

/* Any thread, also a signal handler's: reads certificate and key again before the next connection;
 * running connections keep theirs. When the new files cannot be used the old ones stay. */
void signal_reload_tls(struct signal *s);

/* Any thread, also a signal handler's: signal_run returns soon. */
void signal_stop(struct signal *s);

/* Likewise: nobody new comes in, who is here is told to move on; signal_run returns when all have,
 * or after drain_seconds. A second call, or drain_seconds of 0, is signal_stop. */
void signal_drain(struct signal *s);
