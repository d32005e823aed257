/* media/session.h: one WHIP or WHEP session on its media thread: ICE, then DTLS, then SRTP, and the
 * role that the media is for. Owned by the shard. */
#pragma once
#include "base/timers.h"
#include "media/media_api.h"
#include "media/presence.h"
#include "transport/dtls.h"
#include "transport/ice.h"
#include "transport/srtp.h"

#define SESSION_UFRAGS 2
/* Authentic checks of one session that are answered; browsers send a few dozen when they begin. */
#define CHECKS_A_SECOND 50
#define CHECKS_AT_ONCE 150
#define SESSION_PATHS ICE_PATHS_MAX

struct congestion;
struct send_source;
struct shard_state;
struct session;
struct udp_datagram;
struct outgoing;

/* What a session does once its keys are there: publishing, watching, playing. */
struct session_role {
    /* 0 or −errno; `config` is only valid during the call. */
    int (*open)(struct session *s, const struct media_session_config *config, usec_t now);
    void (*connected)(struct session *s, usec_t now);
    void (*rtp)(struct session *s, struct bytes packet, usec_t now); /* NULL: counted and dropped */
    void (*rtcp)(struct session *s, struct bytes compound, usec_t now);
    void (*returned)(struct session *s,
                     usec_t now); /* heard again after it was away; may be NULL */
    usec_t (*next_timeout)(const struct session *s);
    void (*timeout)(struct session *s, usec_t now);
    /* NULL: it has no pictures to choose for. */
    void (*wish)(struct session *s, const struct media_wish *wish, uint64_t request, usec_t now);
    void (*tell_layers)(struct session *s, usec_t now);
    void (*close)(struct session *s); /* also after a failed or missing open */
};

struct session {
    struct timer timer; /* first: the timer is the session */
    media_id id, participant;
    struct shard_state *shard;
    const struct session_role *role;
    void *part; /* the role's own: struct publishing, viewer or player */

    struct ice ice;
    struct dtls *dtls;
    struct srtp_in *in;
    struct srtp_out *out;     /* NULL until the handshake is done */
    bool settled;             /* the peer was heard over SRTP */
    struct presence presence; /* heard: a valid check, or SRTP that opened */
    struct path heard;        /* the last path that passed a check, until one is nominated */

    unsigned checks_left;                /* that may be answered at once, */
    usec_t checks_at;                    /* as of then */
    uint64_t ufrag_keys[SESSION_UFRAGS]; /* in the session table */
    uint64_t path_keys[SESSION_PATHS];

    enum media_role kind;
    usec_t opened;                 /* 0: its first packet was sent, or it publishes */
    struct congestion *congestion; /* of those that send media: made by session_pace, else NULL */
    uint64_t rate_told;            /* in the statistics */

    bool ended;
    struct session *next_ended; /* in shard_state.ended */
};

/* Opens the session and enters it into the shard's tables. 0 or −errno; an event tells of later
 * failures only. */
int session_open(struct shard_state *shard, const struct media_session_config *config, usec_t now);

/* One datagram on the session's path or with its ufrag. */
void session_datagram(struct session *s, const struct udp_datagram *d, usec_t now);

/* The TCP connection of `path` is closed. */
void session_path_lost(struct session *s, const struct path *path);

/* Is more sent to the peer than its TCP connection carries? Pictures then do better to wait. */
bool session_is_late(const struct session *s, usec_t now);

void session_restart_ice(struct session *s, const struct ice_credentials *local,
                         const struct ice_credentials *remote, usec_t now);

/* Says so by an event, takes the session out of the tables; it is freed at the end of the round. */
void session_end(struct session *s, enum media_end_reason reason);
void session_free(struct session *s);

/* Where to send, NULL while there is no way or no key. */
const struct path *session_path(const struct session *s);

/* This session sends media on these lines. 0 or -ENOMEM. */
int session_pace(struct session *s, const struct media_session_config *config, usec_t now);

/* Takes from the source what may leave now, in order (routing/congestion.h), and sends it. */
void session_send_round(struct session *s, const struct send_source *source, void *ctx, usec_t now);

/* Numbers one RTP packet and seals it into the frame that is being gathered for this session. The
 * pacer counts it and does not hold it. */
void session_send(struct session *s, struct outgoing *packet, usec_t now);

/* Seals and sends one compound RTCP packet. */
void session_send_rtcp(struct session *s, struct bytes compound);

/* What the network carries of this session's media now, bits a second, by what the viewer reports;
 * 0 while nothing is known yet. */
uint64_t session_send_rate(const struct session *s);

/* What the session could use, bits a second: the next rung up, or what it has. Probes aim at it and
 * go no further; 0: to be told. */
void session_want_rate(struct session *s, uint64_t bits_s);

/* Brings the statistics of the thread up to date with session_send_rate. */
void session_tell_rate(struct session *s);

/* Sets the timer by what is due next. After anything that changes it. */
void session_schedule(struct session *s, usec_t now);
