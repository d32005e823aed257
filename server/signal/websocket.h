/* signal/websocket.h: one client of /ws (see protocol.md): greets it, takes its messages and lets
 * it follow its visit's events at its own pace. */
#pragma once
#include "base/spans.h"
#include "media/media_api.h"
#include "signal/request.h"

struct client;
struct feed_news;
struct live;
struct lws;
struct signal;

#define WS_MESSAGE_MAX 65536u

/* Takes cookie and address out of the upgrade request. NULL without memory. */
struct client *client_new(struct signal *s, struct lws *wsi, const struct request *r);
void client_free(struct client *c);

/* A piece of a message. Negative closes the connection (the code has been set). */
int client_receive(struct client *c, struct bytes piece, bool first, bool last, bool binary);
int client_writeable(struct client *c);

/* Something may have to be sent. */
void client_wake(struct client *c);
/* Closes soon with this code and word. */
void client_close(struct client *c, int code, const char *word);

struct client *client_next(const struct client *c); /* of the same visit */
bool client_is(const struct client *c, const char *credential);

/* Tells a visit's staff, and the participant itself, how well its pictures arrive. */
void clients_quality(struct live *live, const char *participant, const struct media_event *e);

/* Tells a participant that something on the stage is in a codec that its player did not offer. */
void clients_unplayable(struct live *live, const char *participant, const struct media_event *e);

/* Tells a visit's staff how the source of a feed does. */
void clients_feed(struct live *live, const struct feed_news *news);

/* Once a second: who does not say hello is closed. */
void clients_tick(struct signal *s, usec_t now);
/* Tells all that this server will be gone in `seconds`. */
void clients_going_away(struct signal *s, unsigned seconds);
void clients_stop(struct signal *s); /* 1001 to all */
