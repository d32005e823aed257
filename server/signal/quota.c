#include "signal/quota.h"
#include "signal/state.h"

#include <errno.h>
#include <stdlib.h>

#define MINUTE SEC(60)
#define QUESTIONS_WINDOW (10 * MINUTE)

struct address_use {
    uint64_t key;
    size_t connections, sessions;
    usec_t window;    /* when the minute began */
    size_t in_window; /* sessions opened in it */
    usec_t questions_window;
    size_t questions; /* asked in it */
};

struct addresses {
    struct map map;
    usec_t next_sweep;
};

void quota_peer(int fd, struct address *ret) {
    struct sockaddr_storage sa;
    socklen_t n = sizeof sa;

    memset(ret, 0, sizeof *ret);
    if (fd >= 0 && getpeername(fd, (struct sockaddr *)&sa, &n) == 0) {
        address_of_sockaddr((struct sockaddr *)&sa, ret);
    }
}

static uint64_t key_of(const struct signal *s, const struct address *a) {
    uint8_t text[9] = {a->family};

    memcpy(text + 1, a->ip, a->family == 6 ? 8 : 4);
    return map_hash(text, sizeof text, s->secret);
}

static struct address_use *use_of(struct signal *s, const struct address *a) {
    uint64_t key = key_of(s, a);
    struct address_use *use = map_get(&s->addresses->map, key);

    if (use == NULL) {
        use = calloc(1, sizeof *use);
        if (use == NULL || map_set(&s->addresses->map, key, use) < 0) {
            free(use);
            return NULL;
        }
        use->key = key;
    }
    return use;
}

bool quota_may_connect(struct signal *s, int fd) {
    struct address a;

    if (s->counters.connections >= s->config->connections_max) {
        s->counters.refused_limit++;
        return false;
    }
    quota_peer(fd, &a);
    const struct address_use *use = map_get(&s->addresses->map, key_of(s, &a));
    if (use != NULL && use->connections >= s->config->connections_per_address) {
        s->counters.refused_limit++;
        return false;
    }
    return true;
}

struct address_use *quota_connected(struct signal *s, int fd) {
    struct address a;

    quota_peer(fd, &a);
    struct address_use *use = use_of(s, &a);
    if (use != NULL) {
        use->connections++;
    }
    return use;
}

void quota_disconnected(struct signal *s, struct address_use *use) {
    (void)s;
    use->connections--;
}

struct address_use *quota_session(struct signal *s, const struct address *peer, usec_t now) {
    struct address_use *use = use_of(s, peer);

    if (use == NULL) {
        return NULL;
    }
    if (now - use->window >= MINUTE) {
        use->window = now;
        use->in_window = 0;
    }
    if (use->sessions >= s->config->sessions_per_address ||
        use->in_window >= s->config->session_rate_per_address) {
        s->counters.refused_limit++;
        return NULL;
    }
    use->in_window++;
    use->sessions++;
    return use;
}

bool quota_question(struct signal *s, const struct address *peer, usec_t now) {
    struct address_use *use = use_of(s, peer);

    if (use == NULL) {
        return false;
    }
    if (now - use->questions_window >= QUESTIONS_WINDOW) {
        use->questions_window = now;
        use->questions = 0;
    }
    if (use->questions >= s->config->question_rate_per_address) {
        s->counters.refused_limit++;
        return false;
    }
    use->questions++;
    return true;
}

void quota_session_over(struct address_use *use) {
    if (use != NULL) {
        use->sessions--;
    }
}

int quota_new(struct signal *s) {
    s->addresses = calloc(1, sizeof *s->addresses);
    if (s->addresses == NULL) {
        return -ENOMEM;
    }
    map_init(&s->addresses->map);
    return 0;
}

static void sweep(struct signal *s, usec_t now, bool all) {
    struct map *m = &s->addresses->map;
    uint64_t keys[256];
    size_t n = 0;

    for (size_t i = 0; i < m->capacity && n < 256; i++) {
        struct address_use *use = m->entries[i].key != 0 ? m->entries[i].value : NULL;
        if (use != NULL &&
            (all || (use->connections == 0 && use->sessions == 0 && now - use->window >= MINUTE &&
                     now - use->questions_window >= QUESTIONS_WINDOW))) {
            keys[n++] = use->key;
        }
    }
    for (size_t i = 0; i < n; i++) {
        free(map_get(m, keys[i]));
        map_remove(m, keys[i]);
    }
}

void quota_tick(struct signal *s, usec_t now) {
    if (now >= s->addresses->next_sweep) {
        s->addresses->next_sweep = now + SEC(5);
        sweep(s, now, false);
    }
}

void quota_free(struct signal *s) {
    if (s->addresses == NULL) {
        return;
    }
    while (s->addresses->map.used > 0) {
        sweep(s, 0, true);
    }
    map_clear(&s->addresses->map);
    free(s->addresses);
    s->addresses = NULL;
}
