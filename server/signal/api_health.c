/* Liveness, readiness, and counters in the Prometheus text format (version 0.0.4). */
#include "signal/api.h"
#include "signal/compiles.h"
#include "signal/decks.h"
#include "signal/drain.h"
#include "signal/feeds.h"
#include "signal/live_view.h"
#include "signal/sessions.h"
#include "signal/sources.h"
#include "signal/state.h"

#include <stdlib.h>
#include <time.h>

void api_healthz(struct exchange *x) {
    reply_header(x, "cache-control", "no-store");
    reply_text(x, 200, "text/plain; charset=utf-8", "ok\n");
}

static void store_answered(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    (void)argument;
    if (!exchange_resume(x)) {
        return;
    }
    reply_header(x, "cache-control", "no-store");
    if (result < 0) {
        reply_problem(x, 503, "not-ready", "The store does not answer.");
    } else {
        reply_text(x, 200, "text/plain; charset=utf-8", "ready\n");
    }
}

void api_readyz(struct exchange *x) {
    struct product_list list = {.limit = 1};

    if (x->signal->media == NULL) {
        reply_problem(x, 503, "not-ready", "The media plane is not up.");
        return;
    }
    if (drain_goes_on(x->signal)) {
        reply_header(x, "cache-control", "no-store");
        reply_header(x, "retry-after", "%u", drain_seconds_left(x->signal));
        reply_problem(x, 503, "going-away", "This server is about to be replaced.");
        return;
    }
    EXCHANGE_STORE(x, products_list, &list, store_answered);
}

static void metric(struct text *t, const char *name, const char *kind, const char *help,
                   uint64_t value) {
    text_addf(t, "# HELP parlour_%s %s\n# TYPE parlour_%s %s\nparlour_%s %llu\n", name, help, name,
              kind, name, (unsigned long long)value);
}

#define COUNTER(name, help, value) metric(t, name "_total", "counter", help, value)
#define GAUGE(name, help, value) metric(t, name, "gauge", help, value)

static void role_metrics(struct text *t, const struct media_stats *m) {
    static const char *const names[MEDIA_ROLES] = {
        [MEDIA_PUBLISH] = "publish", [MEDIA_WATCH] = "watch", [MEDIA_PLAY] = "play"};

    text_add(t, "# HELP parlour_media_sessions_by_role Media sessions now, by what they do.\n"
                "# TYPE parlour_media_sessions_by_role gauge\n");
    for (size_t i = 0; i < MEDIA_ROLES; i++) {
        text_addf(t, "parlour_media_sessions_by_role{role=\"%s\"} %llu\n", names[i],
                  (unsigned long long)m->sessions_by_role[i]);
    }
}

static void join_metrics(struct text *t, const struct media_stats *m) {
    static const unsigned bounds_ms[MEDIA_JOIN_BUCKETS] = MEDIA_JOIN_BOUNDS_MS;
    uint64_t sum = 0;

    text_add(t, "# HELP parlour_media_join_seconds From the answer to an offer to the first packet "
                "that was sent.\n# TYPE parlour_media_join_seconds histogram\n");
    for (size_t i = 0; i < MEDIA_JOIN_BUCKETS; i++) {
        sum += m->joins[i];
        text_addf(t, "parlour_media_join_seconds_bucket{le=\"%g\"} %llu\n",
                  (double)bounds_ms[i] / 1000, (unsigned long long)sum);
    }
    sum += m->joins[MEDIA_JOIN_BUCKETS];
    text_addf(t,
              "parlour_media_join_seconds_bucket{le=\"+Inf\"} %llu\n"
              "parlour_media_join_seconds_sum %.6f\nparlour_media_join_seconds_count %llu\n",
              (unsigned long long)sum, (double)m->join_usec / 1e6, (unsigned long long)sum);
}

static void media_metrics(struct text *t, const struct media_stats *m) {
    COUNTER("media_datagrams_received", "UDP datagrams received.", m->datagrams_in);
    COUNTER("media_datagrams_sent", "UDP datagrams sent.", m->datagrams_out);
    COUNTER("media_bytes_received", "Bytes received over UDP.", m->bytes_in);
    COUNTER("media_bytes_sent", "Bytes sent over UDP.", m->bytes_out);
    COUNTER("media_sends", "System calls that sent.", m->sends);
    COUNTER("media_bad_stun", "Datagrams refused as STUN.", m->stun_bad);
    COUNTER("media_stun_flooded", "Checks left unanswered because a session sent too many.",
            m->stun_flooded);
    COUNTER("media_bad_dtls", "Datagrams refused as DTLS.", m->dtls_bad);
    COUNTER("media_bad_srtp", "Packets that did not open.", m->srtp_bad);
    COUNTER("media_bad_rtp", "Packets refused as RTP.", m->rtp_bad);
    COUNTER("media_bad_rtcp", "Packets refused as RTCP.", m->rtcp_bad);
    COUNTER("media_unknown_path", "Datagrams from addresses without a session.", m->unknown_path);
    COUNTER("media_replayed", "Packets seen before.", m->replayed);
    COUNTER("media_packets_forwarded", "RTP packets sent to viewers.", m->packets_forwarded);
    COUNTER("media_retransmitted", "RTP packets sent again.", m->retransmitted);
    COUNTER("media_rung_switches", "Times a viewer's picture went over to another rung.",
            m->rung_switches);
    COUNTER("media_retransmitted_bytes", "Bytes of packets sent again.", m->retransmitted_bytes);
    COUNTER("media_padding_bytes", "Bytes that only probed for a higher rate.", m->padding_bytes);
    COUNTER("media_probes", "Probes for a higher rate.", m->probes);
    COUNTER("media_paced_dropped", "Packets, of films frames, that waited too long to be sent.",
            m->paced_dropped);
    COUNTER("media_feedback", "Transport-wide feedback taken.", m->feedback);
    COUNTER("media_feedback_refused", "Feedback about what was never sent, or unreadable.",
            m->feedback_refused);
    COUNTER("media_feedback_silences", "Times that a viewer's feedback stayed away.",
            m->feedback_silences);
    GAUGE("media_send_rates", "Viewers whose rate is known now.", m->send_rates);
    GAUGE("media_send_rate_bits", "Bits a second that their networks carry, together.",
          m->send_rate_sum);
    COUNTER("media_nacks_received", "NACKs received.", m->nacks_in);
    COUNTER("media_nacks_refused", "Packets that were asked for again but not sent.",
            m->nacks_refused);
    COUNTER("media_nacks_sent", "NACKs sent.", m->nacks_out);
    COUNTER("media_plis_received", "Key-frame requests received.", m->plis_in);
    COUNTER("media_plis_sent", "Key-frame requests sent.", m->plis_out);
    COUNTER("media_relayed_packets", "RTP packets given to other media threads.", m->relayed);
    COUNTER("media_relay_dropped", "RTP packets that other media threads missed.",
            m->relay_dropped);
    GAUGE("media_tcp_connections", "ICE-TCP connections now.", m->tcp_connections);
    COUNTER("media_tcp_accepted", "TCP connections accepted.", m->tcp_accepted);
    COUNTER("media_tcp_refused", "TCP connections without a valid check or over a limit.",
            m->tcp_refused);
    COUNTER("media_tcp_dropped", "Datagrams that slow TCP readers had no room for.",
            m->tcp_dropped);
    COUNTER("media_recorded_packets", "Packets given to recorders.", m->recorded);
    COUNTER("media_record_dropped", "Packets that recorders missed.", m->record_dropped);
    COUNTER("media_pool_empty", "Packets dropped for lack of memory.", m->pool_empty);
    COUNTER("media_send_failed", "Sends that failed.", m->send_failed);
    COUNTER("media_oversized", "Datagrams that were too large.", m->oversized);
    GAUGE("media_sessions", "Media sessions now.", m->sessions);
    role_metrics(t, m);
    join_metrics(t, m);
    COUNTER("media_sessions_opened", "Media sessions opened.", m->sessions_opened);
    COUNTER("media_sessions_ended", "Media sessions ended.", m->sessions_ended);
}

static double seconds_of(const struct timespec *t) {
    return (double)t->tv_sec + (double)t->tv_nsec / 1e9;
}

/* The control thread serves this, so its own clock is at hand. */
static void cpu_metrics(struct text *t, const struct signal *s) {
    struct timespec own = {0};
    int64_t usec;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &own);
    text_addf(t,
              "# HELP parlour_thread_cpu_seconds_total CPU used, by thread.\n"
              "# TYPE parlour_thread_cpu_seconds_total counter\n"
              "parlour_thread_cpu_seconds_total{thread=\"control\"} %.3f\n",
              seconds_of(&own));
    for (unsigned i = 0; s->media != NULL && (usec = media_thread_cpu(s->media, i)) >= 0; i++) {
        text_addf(t, "parlour_thread_cpu_seconds_total{thread=\"media-%u\"} %.3f\n", i,
                  (double)usec / 1e6);
    }
}

static void job_metrics(struct text *t, const struct signal *s) {
    size_t running = 0, waiting = 0;

    compiles_count(s, &running, &waiting);
    decks_count(s, &running, &waiting);
    GAUGE("jobs_running", "Films and slides being prepared.", running);
    GAUGE("jobs_queued", "Films and slides that wait their turn.", waiting);
    GAUGE("sources_connected", "Kept live sources that send now.", feeds_connected(s));
    text_add(t, "# HELP parlour_jobs_failed_total Jobs that failed, by reason.\n"
                "# TYPE parlour_jobs_failed_total counter\n");
    for (size_t i = 0; i < FAILURE_REASONS && s->counters.failures[i].count > 0; i++) {
        text_addf(t, "parlour_jobs_failed_total{reason=\"%s\"} %llu\n",
                  s->counters.failures[i].reason,
                  (unsigned long long)s->counters.failures[i].count);
    }
}

static void gate_metrics(struct text *t, const struct signal *s) {
    struct job_gate_counts gate;

    sources_gate_counts(s, &gate);
    COUNTER("rtmp_connections", "RTMP connections taken.", gate.accepted);
    COUNTER("rtmp_turned_away", "RTMP connections over a limit.", gate.turned_away);
    COUNTER("rtmp_published", "RTMP senders whose key was known.", gate.published);
    COUNTER("rtmp_refused", "RTMP senders refused in words.", gate.refused);
    COUNTER("rtmp_broken", "RTMP connections that spoke nonsense.", gate.broken);
}

static void signal_metrics(struct text *t, const struct signal *s) {
    const struct signal_counters *c = &s->counters;

    GAUGE("uptime_seconds", "Seconds since the start.", (clock_now() - s->started) / SEC(1));
    GAUGE("http_connections", "Open HTTP and WebSocket connections.", c->connections);
    GAUGE("websockets", "Open WebSockets.", c->websockets);
    GAUGE("sessions", "WHIP and WHEP sessions now.", sessions_count(s));
    COUNTER("http_requests", "HTTP requests.", c->requests);
    text_add(t, "# HELP parlour_http_responses_total HTTP responses by class.\n"
                "# TYPE parlour_http_responses_total counter\n");
    for (int i = 2; i <= 5; i++) {
        text_addf(t, "parlour_http_responses_total{class=\"%dxx\"} %llu\n", i,
                  (unsigned long long)c->responses[i]);
    }
    text_add(t, "# HELP parlour_sessions_ended_total WHIP and WHEP sessions that media ended, by "
                "reason.\n# TYPE parlour_sessions_ended_total counter\n");
    for (int i = 0; i < MEDIA_END_REASONS; i++) {
        text_addf(t, "parlour_sessions_ended_total{reason=\"%s\"} %llu\n",
                  sessions_reason_word((enum media_end_reason)i), (unsigned long long)c->ended[i]);
    }
    COUNTER("whip_requests", "WHIP sessions asked for.", c->whip);
    COUNTER("whep_requests", "WHEP sessions on visits asked for.", c->whep);
    COUNTER("walkthrough_sessions", "WHEP sessions on walkthroughs asked for.",
            c->walkthrough_sessions);
    COUNTER("refused_by_limit", "Connections and sessions refused by a limit.", c->refused_limit);
    GAUGE("draining", "1 while the server lets people leave before its end.",
          drain_goes_on(s) ? 1 : 0);
    COUNTER("refused_draining", "People refused because the server is about to be replaced.",
            c->refused_draining);
    COUNTER("websockets_opened", "WebSockets opened.", c->ws_opened);
    COUNTER("websocket_messages_received", "WebSocket messages received.", c->ws_messages_in);
    COUNTER("websocket_messages_sent", "WebSocket messages sent.", c->ws_messages_out);
    COUNTER("websocket_floods", "WebSockets closed for flooding.", c->ws_flooded);
    COUNTER("event_streams", "Event streams opened.", c->streams);
    job_metrics(t, s);
    gate_metrics(t, s);
    COUNTER("film_questions_asked", "Questions asked at seconds of walkthroughs.",
            c->questions_asked);
    COUNTER("film_questions_refused", "Of those, refused by a limit.", c->questions_refused);
    COUNTER("models_refused", "Models and images that were refused.", c->models_refused);
    COUNTER("usdz_written", "Packages for AR Quick Look answered after work.", c->usdz_written);
    COUNTER("upload_bytes", "Bytes uploaded.", c->upload_bytes);
}

void api_metrics(struct exchange *x) {
    struct media_stats stats = {0};
    struct text t = {0};

    if (x->signal->media != NULL) {
        media_read_stats(x->signal->media, &stats);
    }
    signal_metrics(&t, x->signal);
    media_metrics(&t, &stats);
    if (x->signal->media != NULL) {
        live_view_metrics(&t, x->signal);
        cpu_metrics(&t, x->signal);
    }
    reply_header(x, "cache-control", "no-store");
    reply_bytes(x, 200, "text/plain; version=0.0.4; charset=utf-8", t.failed ? NULL : t.p, t.n);
}
