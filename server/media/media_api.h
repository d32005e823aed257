/* media/media_api.h: the whole conversation between the control thread and the media threads:
 * commands down, events up, all by value. Nothing else of media/ is included by signal/ or app/.
 *
 * Threads: every function here is called by the control thread. Events are taken by the control
 * thread after `wake` was called (from any thread; it may only do what lws_cancel_service does).
 * Ids are chosen by the control thread, never 0, never used twice in one run. */
#pragma once
#include "base/address.h"
#include "base/clock.h"
#include "wire/media_types.h"

struct media; /* all media threads and their sockets */

typedef uint64_t media_id; /* of a visit's room or of a session */

#define MEDIA_ADDRESSES_MAX 8
#define MEDIA_STAGE_SLOTS 8

struct media_config {
    uint16_t port;     /* UDP; 0 lets the kernel choose */
    int tcp_port;      /* ICE-TCP: −1 none, 0 the number of `port` */
    bool tcp_may_fail; /* go on without TCP when its port cannot be had */
    size_t tcp_connections_max, tcp_connections_per_address; /* that a session uses */
    char bind[64];        /* "" for every address, IPv4 and IPv6 */
    unsigned threads;     /* 0: one per core */
    unsigned spread_from; /* viewers of a room that its own thread serves before the others help */
    size_t sessions_max, packets_max; /* of each thread */
    void (*wake)(void *ctx);
    void *wake_ctx;
};

enum media_role {
    MEDIA_PUBLISH, /* WHIP: one source of a room */
    MEDIA_WATCH,   /* WHEP on a room: slots fed by its stage */
    MEDIA_PLAY     /* WHEP on a walkthrough: a cursor of its own */
};
#define MEDIA_ROLES 3

/* Everything a media thread needs to serve one WHIP or WHEP session. */
struct media_session_config {
    media_id session;
    media_id room;        /* PUBLISH and WATCH */
    media_id participant; /* whose session; nobody is sent their own sound. 0: nobody's */
    enum media_role role;
    struct ice_credentials local_ice, remote_ice;
    struct dtls_fingerprint remote_fingerprint;
    size_t line_count;
    struct media_line lines[MEDIA_LINES_MAX]; /* the k-th active video line of a viewer is video
                                                 slot k; audio alike */
    char presentation[512];                   /* PLAY: path of the presentation directory */
    double start_at;                          /* PLAY: seconds */
};

/* Which published sessions feed which slots. 0 leaves a slot dark. `main_*` feeds a viewer that has
 * one line of that kind only. */
struct media_stage {
    media_id main_video, main_audio;
    media_id video[MEDIA_STAGE_SLOTS];
    media_id audio[MEDIA_STAGE_SLOTS];
};

enum media_action {
    MEDIA_CONTROL_PLAY,
    MEDIA_CONTROL_PAUSE,
    MEDIA_CONTROL_SEEK,
    MEDIA_CONTROL_RATE
};

enum media_play_state { MEDIA_PLAYING, MEDIA_PAUSED, MEDIA_ENDED };

/* `{state, t, rate, duration}` of api.md. */
struct media_position {
    enum media_play_state state;
    double t, rate, duration; /* seconds, factor, seconds */
};

#define MEDIA_RUNGS_MAX 6

/* What a viewer wishes for one of its pictures; zeroed: whatever the network carries. */
struct media_wish {
    uint8_t slot;            /* among its video slots; of a walkthrough 0 */
    bool has_size, has_rung; /* what is not said stays as it was */
    uint16_t width, height; /* pixels that its window shows; 0: not told, 1: as small as there is */
    uint16_t rung;          /* short side of the rung that was picked by hand, 0: none */
};

/* The rungs of one of a viewer's pictures. */
struct media_layers {
    struct media_wish wish; /* and the slot */
    bool exists;            /* false: the viewer has no such slot */
    uint8_t count;          /* 0: nothing is shown there */
    int8_t current, next;   /* the rung that is sent and the one it is going over to; -1: none */
    struct {
        uint16_t width, height; /* 0: not known */
        uint32_t kbit_s;        /* 0: not measured yet */
        bool usable;            /* it comes, and the viewer can play it */
    } rungs[MEDIA_RUNGS_MAX];
};

enum media_end_reason {
    MEDIA_END_CLOSED,       /* by media_close_session */
    MEDIA_END_TIMEOUT,      /* no consent (RFC 7675) for 30 s, or never connected */
    MEDIA_END_DTLS_FAILED,  /* handshake or fingerprint */
    MEDIA_END_DTLS_CLOSED,  /* close_notify */
    MEDIA_END_PRESENTATION, /* the presentation could not be opened */
    MEDIA_END_FEED          /* an ingest feed closed its socket */
};
#define MEDIA_END_REASONS 6

enum media_event_type {
    MEDIA_EVENT_CONNECTED, /* DTLS done, media flows */
    MEDIA_EVENT_ENDED,     /* reason; the id is dead */
    MEDIA_EVENT_SOURCE, /* PUBLISH: first packet of a track came, or it fell silent for 3 s, or came
                           back */
    MEDIA_EVENT_POSITION, /* PLAY: after each control, once a second while playing, and at the end
                           */
    MEDIA_EVENT_QUALITY, /* WATCH, PLAY: from receiver reports, at most once a second and on change,
                            at least every 5 s */
    MEDIA_EVENT_TRACKS,  /* PUBLISH and feeds: every 2 s, once packets came */
    MEDIA_EVENT_UNPLAYABLE, /* WATCH: the source's codec was not in the viewer's offer */
    MEDIA_EVENT_LAYERS      /* WATCH, PLAY: after each media_wish; and on change, once
                               media_tell_layers was called */
};

#define MEDIA_TRACKS_MAX 7

/* One stream of a source as it comes in: its sound, or a rung of its picture. */
struct media_track_state {
    enum media_kind kind;
    enum media_codec codec;
    uint16_t width, height; /* 0: unknown, or sound */
    uint32_t kbit_s;
    float lost; /* share of its packets that never came, since the last event */
    bool alive;
};

struct media_event {
    enum media_event_type type;
    media_id session;
    uint64_t
        request; /* POSITION, LAYERS: of the media_control or media_wish that caused it, else 0 */
    union {
        enum media_end_reason reason;
        struct {
            enum media_kind kind;
            enum media_codec codec;
            bool alive;
        } source;
        struct media_position position;
        struct media_layers layers;
        struct {
            uint8_t dots;            /* 0 (nothing arrives) … 4 (good) */
            float loss;              /* share of packets lost, 0..1 */
            uint32_t rtt_ms;         /* 0 when unknown */
            uint32_t kbit_s;         /* sent to or received from this session */
            uint32_t carries_kbit_s; /* what its network is thought to carry; 0 when unknown */
            bool news;               /* worth telling people: worse, or better than it was */
        } quality;
        struct {
            size_t count;
            struct media_track_state list[MEDIA_TRACKS_MAX];
        } tracks;
        struct {
            enum media_kind kind;
            enum media_codec codec;
        } unplayable;
    };
};

/* One live source that comes from a pipeline process over a Unix SOCK_SEQPACKET socket: each
 * message is one RTP or RTCP packet, at most 1,400 bytes (see pipelines/README.md). The fd moves to
 * media. */
struct media_feed_config {
    media_id session;
    media_id room;
    int fd;
};

/* The sources of a room whose tracks are recorded. */
#define MEDIA_RECORDED_MAX 32

struct media_recorded {
    size_t count;
    media_id sources[MEDIA_RECORDED_MAX];
};

/* What a recorder process reads: each message of its SOCK_SEQPACKET socket is at most
 * MEDIA_RECORD_MESSAGE_MAX bytes of records back to back; a record is a header of
 * MEDIA_RECORD_HEADER bytes and an RTP packet without header extensions, CSRCs and padding, SSRC,
 * number and time as received. Little-endian:
 *
 *   0 u32 size of the RTP packet      4 u8 kind (enum media_kind)    5 u8 codec (enum media_codec)
 *   6 u16 flags (MEDIA_RECORD_*)      8 u64 source (media_id)       16 u32 epoch
 *  20 u32 clock rate                 24 i64 capture, µs             32 i64 arrival, µs
 *
 * Times are CLOCK_MONOTONIC. An epoch is a stretch of one stream; it grows when the publisher's
 * stream or its codec begins anew, and when recording of the track does. Video begins with a key
 * frame and has no holes but before a key frame (numbers skip packets that only pad); sound has the
 * holes that the network left. */
#define MEDIA_RECORD_MESSAGE_MAX 65536u
#define MEDIA_RECORD_HEADER 40u
#define MEDIA_RECORD_KEY 1u   /* the first packet of a key frame */
#define MEDIA_RECORD_END 2u   /* the last packet of a frame */
#define MEDIA_RECORD_EXACT 4u /* the capture time is the publisher's own; else from arrivals */

#define MEDIA_JOIN_BOUNDS_MS                                                                       \
    { 10, 25, 50, 100, 250, 500, 1000, 2000, 5000 }
#define MEDIA_JOIN_BUCKETS 9

/* Counters for /metrics, summed over the threads. All members are uint64_t. */
struct media_stats {
    uint64_t datagrams_in, datagrams_out, bytes_in, bytes_out, sends;
    uint64_t stun_bad, dtls_bad, srtp_bad, rtp_bad, rtcp_bad, unknown_path, replayed;
    uint64_t stun_flooded;  /* checks over a session's CHECKS_A_SECOND */
    uint64_t nacks_refused; /* packets asked for again that were not sent: unknown, or too often */
    uint64_t packets_forwarded, retransmitted, rung_switches, nacks_in, nacks_out, plis_in,
        plis_out;
    uint64_t pool_empty, send_failed, oversized;
    uint64_t tcp_connections;           /* now */
    uint64_t tcp_accepted, tcp_refused; /* refused: without a valid check, or by a limit */
    uint64_t tcp_dropped;               /* datagrams that a slow reader had no room for */
    uint64_t relayed, relay_dropped;    /* packets given to other threads, and those they missed */
    uint64_t paced_dropped; /* packets (of films: frames) that waited too long for the pacer */
    uint64_t retransmitted_bytes, padding_bytes, probes; /* of congestion control, all as sent */
    uint64_t feedback, feedback_refused, feedback_silences;
    uint64_t send_rates, send_rate_sum; /* now: sessions with a known rate; bits a second of all */
    uint64_t recorded, record_dropped;  /* packets given to recorders, and those they missed */
    uint64_t sessions, sessions_opened, sessions_ended;
    uint64_t sessions_by_role[MEDIA_ROLES]; /* now; by enum media_role */
    /* Viewers and players: from the answer to their offer to the first packet that was sent. Each
       counts in the first bucket that it fits (MEDIA_JOIN_BOUNDS_MS), the last is for all others.
     */
    uint64_t joins[MEDIA_JOIN_BUCKETS + 1], join_usec;
};

/* The CPU that one media thread has used, in µs, at most a second old while it works; -ENOENT after
 * the last thread. */
int64_t media_thread_cpu(const struct media *media, unsigned index);

/* Opens the sockets and starts the threads. 0 or −errno (-EADDRINUSE, -EACCES …). */
int media_new(const struct media_config *config, struct media **ret);

/* Ends every session (close_notify), stops and joins the threads. NULL is fine. */
void media_free(struct media *media);

/* The UDP port in use, for candidates. */
uint16_t media_port(const struct media *media);

/* The TCP port in use, 0 when there is none. */
uint16_t media_tcp_port(const struct media *media);

/* SHA-256 fingerprint of the DTLS certificate, "AA:BB:…", for answers. Valid as long as `media`. */
const char *media_fingerprint(const struct media *media);

/* Local ICE credentials for a session: the ufrag names the thread that owns it. For one that will
 * be opened the thread is chosen here by its room (0: none) and role; one that is open stays where
 * it is. */
void media_ice_credentials(struct media *media, media_id session, media_id room,
                           enum media_role role, struct ice_credentials *ret);

/* Commands. 0, or -ENOBUFS when the thread's mailbox is full (the caller answers 503), or -ENOMEM.
 * Rooms come to be with the first session or stage that names them. */
int media_open_session(struct media *media, const struct media_session_config *config);
int media_open_feed(struct media *media, const struct media_feed_config *config);
int media_close_session(struct media *media, media_id session);
int media_restart_ice(struct media *media, media_id session, const struct ice_credentials *local,
                      const struct ice_credentials *remote);
int media_set_stage(struct media *media, media_id room, const struct media_stage *stage);
int media_close_room(struct media *media, media_id room);

/* The recorder of a room: a SOCK_SEQPACKET socket (above). The fd moves to media, also on errors;
 * it replaces the one before; -1 stops recording. A socket that was closed by the other side is
 * forgotten until the next one comes. */
int media_record(struct media *media, media_id room, int fd);

/* Which sources the recorder gets, from now on: nothing of a source that came before, and nothing
 * that comes after it left the list. Sources that are not there yet may be named. */
int media_set_recorded(struct media *media, media_id room, const struct media_recorded *list);

/* `value` is seconds for SEEK, the factor for RATE. The answer is a POSITION event with `request`.
 */
int media_control(struct media *media, media_id session, enum media_action action, double value,
                  uint64_t request);

/* The answer is a LAYERS event with `request`. */
int media_wish(struct media *media, media_id session, const struct media_wish *wish,
               uint64_t request);

/* Tells the layers of all pictures of a session, and from now on every change. */
int media_tell_layers(struct media *media, media_id session);

/* True and the next event, or false. */
bool media_next_event(struct media *media, struct media_event *ret);

void media_read_stats(const struct media *media, struct media_stats *ret);
