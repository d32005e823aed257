/* signal/envelope.h: the JSON envelope of the WebSocket, {v, id, type, seq, data}; see protocol.md.
 * Pure. */
#pragma once
#include "base/spans.h"

struct json;
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
char *envelope_event(const struct visit_event *event);

/* `state` and `participant` of `welcome`. */
struct json *envelope_state(const struct visit *v);
struct json *envelope_participant(const struct participant *p);
