/* signal/envelope.h: the JSON envelope of the WebSocket, {v, id, type, seq, data}; see protocol.md.
 * Pure. */
#pragma once
#include "base/spans.h"

struct json;
struct media_event;
struct visit;
struct visit_event;
struct participant;

#define ENVELOPE_VERSION 1
#define ENVELOPE_TYPE_MAX 32
#define ENVELOPE_ID_MAX 64

struct envelope {
    struct json *root; /* owns the rest; envelope_clear */
    char type[ENVELOPE_TYPE_MAX];
    char id[ENVELOPE_ID_MAX + 1]; /* of a request that wants a reply; "" none */
    const struct json *data;      /* an object, or NULL */
};

/* 0; -EINVAL: not JSON, or not an envelope; -EMSGSIZE over 64 KiB; -ENOMEM. */
int envelope_parse(struct bytes text, struct envelope *ret);
void envelope_clear(struct envelope *e);

/* Texts to free(), NULL without memory. `seq` 0 leaves it out. Takes `data`. */
char *envelope_text(const char *type, const char *id, uint64_t seq, struct json *data);
char *envelope_error(const char *id, const char *code, const char *message);
/* `event` is one of `v`; a question that is not kept any more gives NULL too. */
char *envelope_event(const struct visit *v, const struct visit_event *event);

/* How a feed's source does. */
struct feed_news {
    const char *source; /* its id in the visit */
    const char *state;  /* "connected", "waiting", "lost" … */
    double delay_ms;    /* from its arrival at our door until it is sent; < 0: unknown */
    const char *detail;
};

/* What is no event of the visit: no seq, not repeated. */
char *envelope_quality(const char *participant, const struct media_event *e);
char *envelope_unplayable(const struct media_event *e);
char *envelope_feed(const struct feed_news *news);
char *envelope_going_away(unsigned seconds);

/* `state` and `participant` of `welcome`. */
struct json *envelope_state(const struct visit *v);
struct json *envelope_participant(const struct participant *p);
