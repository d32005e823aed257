/* media/handoff.h: datagrams that the kernel gave to the wrong thread. The threads share one port;
 * the kernel spreads flows over them by a hash that knows nothing of rooms. A check's ufrag names
 * the owner; the path is remembered, and what follows on it goes the same way. */
#pragma once
#include "base/clock.h"
#include "base/map.h"
#include "net/udp_socket.h"

#define HANDOFF_PATHS_MAX 16384 /* remembered; idle ones make room */
#define HANDOFF_WAITING_MAX 512 /* datagrams in one thread's inbox */

struct handoff_datagram {
    struct path path;
    uint16_t size;
    uint8_t bytes[UDP_DATAGRAM_MAX];
};

struct handoff_path;

/* The paths that this thread passes on. */
struct handoff_paths {
    struct map map;
    struct handoff_path *oldest, *newest; /* by last use */
    size_t used;
    uint64_t seed;
};

void handoff_paths_init(struct handoff_paths *h, uint64_t seed);
void handoff_paths_clear(struct handoff_paths *h);

/* `owner` is the index of the thread. 0 or -ENOMEM. */
int handoff_paths_set(struct handoff_paths *h, const struct path *path, unsigned owner);

/* The owner's index, or -ENOENT. */
int handoff_paths_get(struct handoff_paths *h, const struct path *path);
