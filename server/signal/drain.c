#include "signal/drain.h"
#include "signal/http.h"
#include "signal/live.h"
#include "signal/sessions.h"
#include "signal/state.h"
#include "signal/websocket.h"

bool drain_goes_on(const struct signal *s) {
    return s->drain_until != 0;
}

void drain_begin(struct signal *s, usec_t now) {
    s->drain_until = now + SEC(s->config->drain_seconds);
    log_info("server.draining", "seconds=%zu sessions=%zu websockets=%llu",
             s->config->drain_seconds, sessions_count(s),
             (unsigned long long)s->counters.websockets);
    clients_going_away(s, drain_seconds_left(s));
}

bool drain_over(const struct signal *s, usec_t now) {
    return now >= s->drain_until || (sessions_count(s) == 0 && s->counters.websockets == 0);
}

unsigned drain_seconds_left(const struct signal *s) {
    const usec_t now = clock_now();
    return now < s->drain_until ? (unsigned)((s->drain_until - now + SEC(1) - 1) / SEC(1)) : 1;
}

bool drain_lets_in(const struct signal *s, const struct live *live, const struct actor *actor) {
    if (!drain_goes_on(s)) {
        return true;
    }
    const struct participant *p =
        live != NULL && actor->id[0] != '\0' ? visit_find_credential(live->visit, actor->id) : NULL;
    return p != NULL;
}

void drain_refuse(struct exchange *x) {
    x->signal->counters.refused_draining++;
    reply_header(x, "retry-after", "%u", drain_seconds_left(x->signal));
    reply_problem(x, 503, "going-away",
                  "This server is about to be replaced: come back in a moment.");
}
