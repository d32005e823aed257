/* tests/bench/viewer.h: one viewer: it asks a server for a stream, connects, and counts what
 * arrives.
 *
 * RTP headers are in clear, so steady packets are only counted, from their first bytes; the rest of
 * a packet is not even copied out of the kernel. Packets are decrypted until the first key frame is
 * complete, and later in about one wake-up of fifty, to read the source's send time. The arrival
 * time is the kernel's, so the client's own queue is not counted as the server's delay, neither in
 * the figures nor in the feedback that the server's congestion control works by. */
#pragma once
#include "feedback.h"
#include "http.h"
#include "peer.h"
#include "samples.h"

enum viewer_state {
    VIEWER_IDLE,
    VIEWER_PREPARING, /* Janus only: session and handle, not timed */
    VIEWER_ASKING,    /* the request that is timed has been sent */
    VIEWER_CONNECTING,
    VIEWER_WAITING, /* for a key frame */
    VIEWER_PLAYING,
    VIEWER_FAILED
};

enum viewer_server { SERVER_JANUS, SERVER_WHEP };

/* What all viewers share. */
struct viewer_plan {
    enum viewer_server server;
    struct http_url url;
    char authorization[600]; /* a header line, or empty */
    double spread;           /* seconds: viewer k starts at `?t=` somewhere below; 0: live */
    struct samples joins;    /* ms from the request to the first complete key frame */
    struct samples answers;  /* ms to the SDP */
    struct samples opens;    /* ms to DTLS done */
    struct samples delays;   /* ms from the source's send to the arrival, sampled */
    uint64_t packets, bytes, gaps, reordered, decrypted, feedbacks;
};

struct stream_count {
    uint32_t ssrc;
    uint16_t last;
};

struct viewer {
    enum viewer_state state;
    unsigned number;
    struct http http;
    struct peer peer;
    unsigned step;      /* of the signalling */
    char resource[512]; /* WHEP: Location; Janus: /janus/SESSION */
    char handle[128];   /* Janus: /janus/SESSION/HANDLE */
    uint64_t asked, opened;
    uint64_t next_rr, next_pli, next_feedback;
    struct feedback feedback;
    unsigned sample_in; /* wake-ups */
    struct stream_count video, audio;
    bool has_video, has_audio;
    struct {
        bool started;
        uint16_t next;
        uint32_t timestamp;
    } key;
};

/* Opens sockets and sends the first request. 0 or −errno. */
int viewer_start(struct viewer *v, unsigned number, struct viewer_plan *plan, uint64_t now);

/* Something came in on the HTTP connection or the UDP socket. */
void viewer_take_http(struct viewer *v, struct viewer_plan *plan, uint64_t now);
void viewer_take_media(struct viewer *v, struct viewer_plan *plan, uint64_t now);

/* Sends checks, reports, feedback and key-frame wishes that are due. */
void viewer_tick(struct viewer *v, struct viewer_plan *plan, uint64_t now);

/* Ends the session on the server (blocks) and closes everything. Zeroed or failed is fine. */
void viewer_stop(struct viewer *v, const struct viewer_plan *plan);

/* Packets the kernel dropped because this viewer did not read in time. */
uint64_t viewer_drops(const struct viewer *v);
