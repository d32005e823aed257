/* net/tcp_listener.h: one dual-stack TCP port that several media threads listen on (SO_REUSEPORT:
 * the kernel gives each connection to one of them). */
#pragma once
#include "base/address.h"

/* What the kernel may hold unsent of a connection before it says that it is full. */
#define TCP_UNSENT_MAX (32 * 1024)

/* `bind_ip` "" binds every address. `port` 0 lets the kernel choose. `reuse` for SO_REUSEPORT. The
 * listening socket, not blocking, or −errno of the failing call (-EADDRINUSE …). */
int tcp_listen(const char *bind_ip, uint16_t port, bool reuse);

/* The port a socket is bound to, 0 when it is not. */
uint16_t tcp_port(int fd);

/* The next connection, not blocking, without Nagle's delay and with at most TCP_UNSENT_MAX unsent
 * bytes; `ret_path` names both ends. -EAGAIN: none waits; -EMFILE, -ENFILE … as accept4(2). */
int tcp_accept(int listener, struct path *ret_path);
