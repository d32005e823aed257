#include "media/session_table.h"

#include "media/session.h"

void session_table_init(struct session_table *t, uint64_t seed) {
    map_init(&t->ids);
    map_init(&t->ufrags);
    map_init(&t->paths);
    t->seed = seed;
}

void session_table_clear(struct session_table *t) {
    map_clear(&t->ids);
    map_clear(&t->ufrags);
    map_clear(&t->paths);
}

static uint64_t ufrag_key(const struct session_table *t, const char *ufrag) {
    return map_hash(ufrag, strlen(ufrag), t->seed);
}

static uint64_t path_key(const struct session_table *t, const struct path *path) {
    return map_hash(path, sizeof(*path), t->seed);
}

int session_table_add_ufrag(struct session_table *t, struct session *s, const char *ufrag) {
    uint64_t key = ufrag_key(t, ufrag);
    for (size_t i = 0; i < SESSION_UFRAGS; i++) {
        if (s->ufrag_keys[i] == key) {
            return 0;
        }
    }
    int r = map_set(&t->ufrags, key, s);
    if (r < 0) {
        return r;
    }
    map_remove(&t->ufrags, s->ufrag_keys[SESSION_UFRAGS - 1]);
    memmove(s->ufrag_keys + 1, s->ufrag_keys, sizeof(s->ufrag_keys) - sizeof(s->ufrag_keys[0]));
    s->ufrag_keys[0] = key;
    return 0;
}

int session_table_add(struct session_table *t, struct session *s) {
    int r = map_set(&t->ids, s->id, s);
    return r < 0 ? r : session_table_add_ufrag(t, s, s->ice.local.ufrag);
}

static void remove_path(struct session_table *t, const struct session *s, uint64_t key) {
    if (map_get(&t->paths, key) == s) {
        map_remove(&t->paths, key);
    }
}

static bool is_held(const struct session_table *t, const struct session *s, uint64_t key) {
    for (size_t i = 0; i < ICE_PATHS_MAX; i++) {
        const struct path *path = &s->ice.paths[i].path;
        if (path->remote.family != 0 && path_key(t, path) == key) {
            return true;
        }
    }
    return false;
}

int session_table_add_path(struct session_table *t, struct session *s, const struct path *path) {
    uint64_t key = path_key(t, path);
    if (map_get(&t->paths, key) == s) {
        return 0;
    }
    int r = map_set(&t->paths, key, s);
    if (r < 0) {
        return r;
    }
    /* ICE holds this path now and no more than there are places, so one is not held. */
    size_t place = 0;
    for (size_t i = 0; i < SESSION_PATHS; i++) {
        if (s->path_keys[i] == key) {
            return 0; /* was another session's for a while */
        }
        if (!is_held(t, s, s->path_keys[i])) {
            place = i;
        }
    }
    remove_path(t, s, s->path_keys[place]);
    s->path_keys[place] = key;
    return 0;
}

void session_table_remove_path(struct session_table *t, struct session *s,
                               const struct path *path) {
    const uint64_t key = path_key(t, path);
    remove_path(t, s, key);
    for (size_t i = 0; i < SESSION_PATHS; i++) {
        if (s->path_keys[i] == key) {
            s->path_keys[i] = 0;
        }
    }
}

void session_table_remove(struct session_table *t, struct session *s) {
    if (map_get(&t->ids, s->id) == s) {
        map_remove(&t->ids, s->id);
    }
    for (size_t i = 0; i < SESSION_UFRAGS; i++) {
        map_remove(&t->ufrags, s->ufrag_keys[i]);
    }
    for (size_t i = 0; i < SESSION_PATHS; i++) {
        remove_path(t, s, s->path_keys[i]);
    }
}

struct session *session_table_any(const struct session_table *t) {
    for (size_t i = 0; i < t->ids.capacity; i++) {
        if (t->ids.entries[i].key != 0) {
            return t->ids.entries[i].value;
        }
    }
    return NULL;
}

struct session *session_by_id(const struct session_table *t, media_id id) {
    return map_get(&t->ids, id);
}

struct session *session_by_ufrag(const struct session_table *t, const char *ufrag) {
    return map_get(&t->ufrags, ufrag_key(t, ufrag));
}

struct session *session_by_path(const struct session_table *t, const struct path *path) {
    return map_get(&t->paths, path_key(t, path));
}
