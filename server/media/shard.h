/* media/shard.h: one media thread with its UDP socket, sessions and rooms. The functions here are
 * called by the control thread; the thread itself shares nothing but its mailboxes. */
#pragma once
#include "base/mailbox.h"
#include "media/media_api.h"

struct connection_quota;
struct dtls_identity;
struct shard;
struct udp_datagram;

struct shard_config {
    unsigned index, count; /* of the threads that share the port */
    const char *bind;
    uint16_t port;
    uint16_t tcp_port;              /* with quota: 0 lets the kernel choose */
    struct connection_quota *quota; /* of TCP, shared, outlives the shards; NULL: no TCP */
    size_t sessions_max, packets_max;
    struct dtls_identity *identity; /* shared, read only, outlives the shard */
    struct mailbox *events;         /* of struct media_event, shared */
    size_t events_kept;             /* places in it that positions and qualities leave free */
    void (*wake)(void *ctx);
    void *wake_ctx;
};

enum shard_command_type {
    SHARD_OPEN_SESSION,
    SHARD_OPEN_FEED,
    SHARD_CLOSE_SESSION,
    SHARD_RESTART_ICE,
    SHARD_SET_STAGE,
    SHARD_CLOSE_ROOM,
    SHARD_RELAY,
    SHARD_RECORD,
    SHARD_SET_RECORDED,
    SHARD_CONTROL,
    SHARD_WISH,
    SHARD_TELL_LAYERS
};

struct shard_ice {
    struct ice_credentials local, remote;
};

struct shard_command {
    enum shard_command_type type;
    media_id id; /* session, or room for SET_STAGE, CLOSE_ROOM, RELAY, RECORD and SET_RECORDED */
    union {
        void *heap; /* OPEN_SESSION: media_session_config; RESTART_ICE: shard_ice; SET_STAGE:
                       media_stage; SET_RECORDED: media_recorded. Freed by the shard once posted. */
        struct media_feed_config feed;
        int fd; /* RECORD; -1: none */
        struct {
            unsigned to; /* the index of the thread that has, or no longer has, viewers */
            bool on;
        } relay;
        struct {
            enum media_action action;
            double value;
            uint64_t request;
        } control;
        struct {
            struct media_wish wish;
            uint64_t request;
        } wish;
    };
};

/* Opens the sockets. 0 or −errno. */
int shard_open(const struct shard_config *config, struct shard **ret);

/* One round of the loop: waits up to `wait_max` for datagrams, commands, feeds and timers and
 * serves them. The thread does nothing else; a fuzz target without a thread calls it by itself, and
 * gives datagrams by shard_datagram. */
void shard_round(struct shard *s, usec_t wait_max);
void shard_datagram(struct shard *s, const struct udp_datagram *d, usec_t now);

/* The threads that share the port, this one among them; config.count of them. Before the first
 * round. */
void shard_share(struct shard *s, struct shard *const *all);

/* Starts the thread. 0 or −errno. */
int shard_start(struct shard *s);

/* Ends every session and joins the thread. NULL and a shard that never started are fine. */
void shard_stop(struct shard *s);
/* After all shards have stopped: clears each of them, then frees each of them, because they hold
 * each other's packets. NULL is fine. */
void shard_clear(struct shard *s);
void shard_free(struct shard *s);

uint16_t shard_port(const struct shard *s);
uint16_t shard_tcp_port(const struct shard *s); /* 0: none */

/* Frees what a command holds that was not posted. */
void shard_command_clear(struct shard_command *command);

/* 0, or -ENOBUFS: what the command holds stays with the caller. */
int shard_post(struct shard *s, const struct shard_command *command);

/* Adds this shard's counters, at most 100 ms old. */
void shard_add_stats(struct shard *s, struct media_stats *sum);

/* µs of CPU that the thread has used, likewise. */
uint64_t shard_cpu(struct shard *s);
