#include "media/handoff.h"

#include <errno.h>
#include <stdlib.h>

struct handoff_path {
    struct handoff_path *older, *newer;
    uint64_t key;
    unsigned owner;
};

void handoff_paths_init(struct handoff_paths *h, uint64_t seed) {
    *h = (struct handoff_paths){.seed = seed};
    map_init(&h->map);
}

static void unlink_path(struct handoff_paths *h, struct handoff_path *p) {
    *(p->older ? &p->older->newer : &h->oldest) = p->newer;
    *(p->newer ? &p->newer->older : &h->newest) = p->older;
}

static void link_newest(struct handoff_paths *h, struct handoff_path *p) {
    p->older = h->newest;
    p->newer = NULL;
    *(h->newest ? &h->newest->newer : &h->oldest) = p;
    h->newest = p;
}

static void forget(struct handoff_paths *h, struct handoff_path *p) {
    unlink_path(h, p);
    map_remove(&h->map, p->key);
    h->used--;
    free(p);
}

void handoff_paths_clear(struct handoff_paths *h) {
    while (h->oldest) {
        forget(h, h->oldest);
    }
    map_clear(&h->map);
}

static struct handoff_path *find(struct handoff_paths *h, uint64_t key) {
    struct handoff_path *p = map_get(&h->map, key);
    if (p) {
        unlink_path(h, p);
        link_newest(h, p);
    }
    return p;
}

int handoff_paths_set(struct handoff_paths *h, const struct path *path, unsigned owner) {
    uint64_t key = map_hash(path, sizeof(*path), h->seed);
    struct handoff_path *p = find(h, key);
    if (p) {
        p->owner = owner;
        return 0;
    }
    if (h->used == HANDOFF_PATHS_MAX) {
        forget(h, h->oldest);
    }
    p = malloc(sizeof(*p));
    if (!p) {
        return -ENOMEM;
    }
    *p = (struct handoff_path){.key = key, .owner = owner};
    int r = map_set(&h->map, key, p);
    if (r < 0) {
        free(p);
        return r;
    }
    link_newest(h, p);
    h->used++;
    return 0;
}

int handoff_paths_get(struct handoff_paths *h, const struct path *path) {
    struct handoff_path *p = find(h, map_hash(path, sizeof(*path), h->seed));
    return p ? (int)p->owner : -ENOENT;
}
