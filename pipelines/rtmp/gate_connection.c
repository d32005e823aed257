/* DESIGN: a client is read only while the stream takes what it sent, so nothing piles up: at most
 * one message and one read. All waiting has an end: `due` is set anew with each step forward. */
#include "rtmp/gate_connection.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_SIZE 65536
#define UNTIL_PUBLISH (10 * G_USEC_PER_SEC)
#define UNTIL_BYTES (15 * G_USEC_PER_SEC) /* a publisher that sends nothing */
#define UNTIL_TAKEN (5 * G_USEC_PER_SEC)  /* an ingest that reads nothing */
#define UNTIL_CLOSED (1 * G_USEC_PER_SEC) /* also slows down who tries keys */

static void update_watches(struct gate_connection *c);

static void remove_watch(guint *watch) {
    if (*watch) {
        g_source_remove(*watch);
        *watch = 0;
    }
}

static void close_stream(struct gate_connection *c) {
    remove_watch(&c->stream_watch);
    if (c->stream >= 0) {
        close(c->stream);
        c->stream = -1;
    }
    g_byte_array_set_size(c->pending, 0);
    c->key = NULL;
}

/* What the client has to be told is sent; then it is over. */
static void end(struct gate_connection *c) {
    close_stream(c);
    if (!c->closing) {
        c->closing = true;
        c->due = g_get_monotonic_time() + UNTIL_CLOSED;
    }
}

static void refuse(struct gate_connection *c, const char *code, const char *why) {
    c->gate->count.refused++;
    rtmp_refuse(c->rtmp, code, why);
    end(c);
}

/* ---- To the ingest ---- */

static void write_pending(struct gate_connection *c) {
    while (c->pending->len > 0) {
        ssize_t n = send(c->stream, c->pending->data, c->pending->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno != EAGAIN) {
            refuse(c, "NetStream.Publish.Failed", "The source was closed.");
            return;
        }
        if (n < 0) {
            return;
        }
        g_byte_array_remove_range(c->pending, 0, (guint)n);
        c->due = g_get_monotonic_time() + UNTIL_TAKEN;
    }
}

static void forward(struct gate_connection *c, const struct rtmp_event *e) {
    uint8_t head[FLV_TAG_HEADER_SIZE], tail[FLV_TAG_END_SIZE];
    flv_write_tag_header(head, e->media, e->timestamp, e->took, e->body.n);
    flv_write_tag_end(tail, e->body.n);
    g_byte_array_append(c->pending, head, sizeof(head));
    g_byte_array_append(c->pending, e->body.p, (guint)e->body.n);
    g_byte_array_append(c->pending, tail, sizeof(tail));
    write_pending(c);
}

static gboolean stream_ready(gint fd, GIOCondition condition, gpointer data) {
    struct gate_connection *c = data;
    (void)fd;
    if (condition & (G_IO_HUP | G_IO_ERR)) {
        c->stream_watch = 0;
        refuse(c, "NetStream.Publish.Failed", "The source was closed.");
        update_watches(c);
        return G_SOURCE_REMOVE;
    }
    write_pending(c);
    update_watches(c); /* may remove this watch and set another */
    return G_SOURCE_CONTINUE;
}

/* The working directory is the gate's own; the key has only harmless characters. */
static int connect_stream(const char *key) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s.sock", key);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

static void publish(struct gate_connection *c, const char *key) {
    for (guint i = 0; i < c->gate->connections->len; i++) {
        struct gate_connection *other = g_ptr_array_index(c->gate->connections, i);
        if (other != c && other->key && strcmp(other->key, key) == 0) {
            refuse(other, "NetStream.Publish.BadName",
                   "Somebody else publishes with this key now.");
            update_watches(other);
        }
    }
    c->stream = connect_stream(key);
    if (c->stream < 0) {
        refuse(c, "NetStream.Publish.BadName",
               "This stream key is not known, or its source is not on air.");
        return;
    }
    uint8_t header[FLV_HEADER_SIZE];
    g_strlcpy(c->key_text, key, sizeof(c->key_text));
    c->key = c->key_text;
    c->gate->count.published++;
    rtmp_accept(c->rtmp);
    flv_write_header(header);
    g_byte_array_append(c->pending, header, sizeof(header));
    write_pending(c);
}

/* ---- From the client ---- */

static void take(struct gate_connection *c, struct bytes in) {
    struct rtmp_event e = {.type = RTMP_NOTHING};
    while ((in.n > 0 || e.type != RTMP_NOTHING) && !c->closing) {
        int n = rtmp_input(c->rtmp, in, (usec_t)g_get_monotonic_time(), &e);
        if (n < 0) {
            c->gate->count.broken++;
            c->over = true;
            return;
        }
        in = bytes_from(in, (size_t)n);
        switch (e.type) {
        case RTMP_NOTHING:
            break;
        case RTMP_PUBLISH:
            publish(c, e.key);
            break;
        case RTMP_MEDIA:
            forward(c, &e);
            break;
        case RTMP_END:
            end(c);
            break;
        }
    }
}

static void write_client(struct gate_connection *c) {
    for (;;) {
        struct bytes left = rtmp_output(c->rtmp);
        if (left.n == 0) {
            return;
        }
        ssize_t n = send(c->client, left.p, left.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            c->over = c->over || errno != EAGAIN;
            return;
        }
        rtmp_sent(c->rtmp, (size_t)n);
    }
}

static void read_client(struct gate_connection *c) {
    static uint8_t bytes[READ_SIZE];
    ssize_t n = recv(c->client, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        c->over = true;
        return;
    }
    if (c->key) {
        c->due = g_get_monotonic_time() + UNTIL_BYTES;
    }
    take(c, bytes_of(bytes, (size_t)n)); /* one that is refused is not listened to */
}

static gboolean client_ready(gint fd, GIOCondition condition, gpointer data) {
    struct gate_connection *c = data;
    (void)fd;
    if (condition & G_IO_IN) {
        read_client(c);
    } else if (condition & (G_IO_HUP | G_IO_ERR)) {
        c->over = true;
    }
    write_client(c);
    update_watches(c);
    return G_SOURCE_CONTINUE;
}

static void update_watches(struct gate_connection *c) {
    GIOCondition waits = G_IO_HUP | G_IO_ERR;
    if (c->over) {
        close_stream(c);
        remove_watch(&c->client_watch);
        return;
    }
    waits |= c->pending->len == 0 ? G_IO_IN : 0;
    waits |= rtmp_output(c->rtmp).n > 0 ? G_IO_OUT : 0;
    if (waits != c->client_waits || !c->client_watch) {
        remove_watch(&c->client_watch);
        c->client_waits = waits;
        c->client_watch = g_unix_fd_add(c->client, waits, client_ready, c);
    }
    GIOCondition stream = G_IO_HUP | G_IO_ERR | (c->pending->len > 0 ? G_IO_OUT : 0);
    if (c->stream >= 0 && (stream != c->stream_waits || !c->stream_watch)) {
        remove_watch(&c->stream_watch);
        c->stream_waits = stream;
        c->stream_watch = g_unix_fd_add(c->stream, stream, stream_ready, c);
        c->due = g_get_monotonic_time() + (c->pending->len > 0 ? UNTIL_TAKEN : UNTIL_BYTES);
    }
}

void gate_connection_new(struct gate *gate, int client, const char *address) {
    struct gate_connection *c = g_new0(struct gate_connection, 1);
    c->gate = gate;
    c->client = client;
    c->stream = -1;
    c->pending = g_byte_array_new();
    c->rtmp = rtmp_new((uint64_t)g_random_int() << 32 | g_random_int());
    c->due = g_get_monotonic_time() + UNTIL_PUBLISH;
    c->over = c->rtmp == NULL;
    g_strlcpy(c->address, address, sizeof(c->address));
    g_ptr_array_add(gate->connections, c);
    if (!c->over) {
        update_watches(c);
    }
}

void gate_connection_free(struct gate_connection *c) {
    remove_watch(&c->client_watch);
    close_stream(c);
    close(c->client);
    g_byte_array_unref(c->pending);
    rtmp_free(c->rtmp);
    g_free(c);
}

void gate_connection_sweep(struct gate_connection *c, gint64 now) {
    if (c->over || now < c->due) {
        return;
    }
    if (c->closing) {
        c->over = true;
    } else if (!c->key) {
        c->over = true;
        c->gate->count.broken++;
    } else {
        refuse(c, "NetStream.Publish.Idle", "Nothing came for too long.");
        write_client(c);
    }
    update_watches(c);
}
