#include "net/connection_quota.h"

#include "base/map.h"
#include "base/random.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct connection_quota {
    pthread_mutex_t lock; /* of everything below */
    size_t all_max, address_max, all;
    struct map addresses; /* key of an address → how many, as uintptr_t */
    uint64_t seed;
};

struct connection_quota *connection_quota_new(size_t all_max, size_t address_max) {
    struct connection_quota *q = calloc(1, sizeof(*q));
    if (!q) {
        return NULL;
    }
    pthread_mutex_init(&q->lock, NULL);
    q->all_max = all_max;
    q->address_max = address_max;
    q->seed = random_u64();
    map_init(&q->addresses);
    return q;
}

void connection_quota_free(struct connection_quota *q) {
    if (!q) {
        return;
    }
    map_clear(&q->addresses);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

static uint64_t key_of(const struct connection_quota *q, const struct address *remote) {
    return map_hash(remote->ip, remote->family == 4 ? 4 : 8, q->seed + remote->family);
}

bool connection_quota_enter(struct connection_quota *q, const struct address *remote) {
    const uint64_t key = key_of(q, remote);
    pthread_mutex_lock(&q->lock);
    const uintptr_t count = (uintptr_t)map_get(&q->addresses, key);
    const bool entered = q->all < q->all_max && count < q->address_max &&
                         map_set(&q->addresses, key, (void *)(count + 1)) == 0;
    q->all += entered;
    pthread_mutex_unlock(&q->lock);
    return entered;
}

void connection_quota_leave(struct connection_quota *q, const struct address *remote) {
    const uint64_t key = key_of(q, remote);
    pthread_mutex_lock(&q->lock);
    const uintptr_t count = (uintptr_t)map_get(&q->addresses, key);
    if (count > 1) {
        map_set(&q->addresses, key, (void *)(count - 1)); /* it is there: no memory is asked for */
    } else {
        map_remove(&q->addresses, key);
    }
    q->all--;
    pthread_mutex_unlock(&q->lock);
}
