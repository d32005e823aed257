/* rtmp/gate_connection.h: one RTMP client of the gate. Main thread. */
#pragma once
#include "base/address.h"
#include "rtmp/rtmp.h"
#include <glib.h>

#define GATE_CONNECTIONS_MAX 64
#define GATE_CONNECTIONS_PER_ADDRESS 8

struct gate_connection {
    int client, stream; /* sockets; -1: none */
    guint client_watch, stream_watch;
    GIOCondition client_waits, stream_waits; /* what the watches wait for */
    char address[64];                        /* without the port */
    struct rtmp *rtmp;
    const char *key; /* NULL until it publishes */
    char key_text[RTMP_KEY_MAX + 1];
    GByteArray *pending; /* for the stream */
    gint64 due;          /* when it has to be further than now; monotonic */
    bool closing;        /* what is left is sent, then it is over */
    bool over;           /* to be freed by the next sweep */
    struct gate *gate;
};

struct gate {
    GPtrArray *connections;
    int listener;
    GMainLoop *loop;
    struct {
        unsigned accepted, turned_away, published, refused, broken;
    } count;
};

/* Takes over `client`. */
void gate_connection_new(struct gate *gate, int client, const char *address);
void gate_connection_free(struct gate_connection *c);
/* Ends what took too long. Called a few times a second. */
void gate_connection_sweep(struct gate_connection *c, gint64 now);
