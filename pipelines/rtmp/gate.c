#include "rtmp/gate.h"

#include "job/confine.h"
#include "job/control.h"
#include "job/report.h"
#include "rtmp/gate_connection.h"

#include <errno.h>
#include <getopt.h>
#include <glib-unix.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 64
#define MEMORY_MAX (UINT64_C(1) << 30)
#define SWEEP_EVERY_MS 250
#define TELL_EVERY 20 /* sweeps */

struct options {
    char host[64], port[8];
    const char *directory;
};

/* ADDR:PORT, [ADDR]:PORT */
static bool parse_listen(const char *text, struct options *ret) {
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;
    const char *host = text;
    if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
        host++;
        n -= 2;
    }
    if (n == 0 || n >= sizeof(ret->host) || strlen(colon + 1) - 1 >= sizeof(ret->port) - 1 ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1)) {
        return false;
    }
    memcpy(ret->host, host, n);
    ret->host[n] = 0;
    strcpy(ret->port, colon + 1);
    return true;
}

static bool parse(int argc, char **argv, struct options *ret) {
    static const struct option table[] = {{"listen", required_argument, NULL, 'l'},
                                          {"dir", required_argument, NULL, 'd'},
                                          {NULL, 0, NULL, 0}};
    *ret = (struct options){0};
    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (c == 'd') {
            ret->directory = optarg;
        } else if (c != 'l' || !parse_listen(optarg, ret)) {
            return false;
        }
    }
    return optind == argc && ret->directory && ret->host[0];
}

static gboolean take_client(gint fd, GIOCondition condition, gpointer data) {
    struct gate *g = data;
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);
    char address[64] = "";
    (void)condition;
    int client = accept4(fd, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) {
        return G_SOURCE_CONTINUE;
    }
    getnameinfo((struct sockaddr *)&from, size, address, sizeof(address), NULL, 0, NI_NUMERICHOST);
    unsigned same = 0, open = 0;
    for (guint i = 0; i < g->connections->len; i++) {
        const struct gate_connection *c = g_ptr_array_index(g->connections, i);
        open += !c->over;
        same += !c->over && strcmp(c->address, address) == 0;
    }
    if (open >= GATE_CONNECTIONS_MAX || same >= GATE_CONNECTIONS_PER_ADDRESS) {
        g->count.turned_away++;
        close(client);
        return G_SOURCE_CONTINUE;
    }
    g->count.accepted++;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    setsockopt(client, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
    gate_connection_new(g, client, address);
    return G_SOURCE_CONTINUE;
}

static gboolean sweep(gpointer data) {
    struct gate *g = data;
    static unsigned sweeps;
    gint64 now = g_get_monotonic_time();
    for (guint i = g->connections->len; i-- > 0;) {
        struct gate_connection *c = g_ptr_array_index(g->connections, i);
        gate_connection_sweep(c, now);
        if (c->over) {
            g_ptr_array_remove_index_fast(g->connections, i);
            gate_connection_free(c);
        }
    }
    if (++sweeps % TELL_EVERY == 0) {
        report_gate(g->count.accepted, g->count.turned_away, g->count.published, g->count.refused,
                    g->count.broken);
    }
    return G_SOURCE_CONTINUE;
}

static int open_listener(struct gate *g, const struct options *o, struct failure *failure) {
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    if (getaddrinfo(o->host, o->port, &hints, &list) != 0) {
        return failure_set(failure, "no_socket", "%s is no address to listen on.", o->host);
    }
    g->listener = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r = 0;
    if (g->listener < 0 ||
        setsockopt(g->listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) < 0 ||
        bind(g->listener, list->ai_addr, list->ai_addrlen) < 0 ||
        listen(g->listener, BACKLOG) < 0) {
        r = failure_set(failure, "no_socket", "%s port %s cannot be opened: %s.", o->host, o->port,
                        strerror(errno));
    }
    freeaddrinfo(list);
    return r;
}

static unsigned port_of(int fd) {
    struct sockaddr_storage own = {0};
    socklen_t size = sizeof(own);
    char port[8] = "0";
    getsockname(fd, (struct sockaddr *)&own, &size);
    getnameinfo((struct sockaddr *)&own, size, NULL, 0, port, sizeof(port), NI_NUMERICSERV);
    return (unsigned)g_ascii_strtoull(port, NULL, 10);
}

static void stopped(void *ctx) {
    struct gate *g = ctx;
    g_main_loop_quit(g->loop);
}

static int run(struct gate *g, const struct options *o, struct failure *failure) {
    if (chdir(o->directory) < 0) { /* so that the sockets' paths are short */
        return failure_set(failure, "no_file", "%s cannot be entered: %s.", o->directory,
                           strerror(errno));
    }
    /* It reads and writes no file, but has to reach the sockets of the ingests. */
    struct confinement confinement = {.network = true, .listen = true, .memory = MEMORY_MAX};
    if (open_listener(g, o, failure) < 0 || confine(&confinement, failure) < 0) {
        return -1;
    }
    g->loop = g_main_loop_new(NULL, FALSE);
    g->connections = g_ptr_array_new();
    control_watch(stopped, g);
    /* Who has hung up makes room before who comes is looked at. */
    g_unix_fd_add_full(G_PRIORITY_DEFAULT + 10, g->listener, G_IO_IN, take_client, g, NULL);
    g_timeout_add(SWEEP_EVERY_MS, sweep, g);
    report_listening(port_of(g->listener));
    g_main_loop_run(g->loop);
    for (guint i = 0; i < g->connections->len; i++) {
        gate_connection_free(g_ptr_array_index(g->connections, i));
    }
    g_ptr_array_unref(g->connections);
    g_main_loop_unref(g->loop);
    return 0;
}

int gate_main(int argc, char **argv) {
    struct options options;
    struct gate gate = {.listener = -1};
    struct failure failure = {0};
    if (!parse(argc, argv, &options)) {
        return 2;
    }
    report_event("started");
    int r = run(&gate, &options, &failure);
    if (gate.listener >= 0) {
        close(gate.listener);
    }
    if (r < 0) {
        report_failed(&failure);
        fprintf(stderr, "parlour-pipeline: %s\n", failure.message);
        return 1;
    }
    report_event("ended");
    return 0;
}
