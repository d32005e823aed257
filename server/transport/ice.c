#include "transport/ice.h"

#include <errno.h>

void ice_init(struct ice *ice, const struct ice_credentials *local,
              const struct ice_credentials *remote, usec_t now) {
    memset(ice, 0, sizeof *ice);
    ice->local = *local;
    ice->remote = *remote;
    ice->selected = -1;
    ice->last_check = now;
}

static bool username_matches(struct bytes username, const struct ice_credentials *local,
                             const struct ice_credentials *remote) {
    size_t ours = strlen(local->ufrag), theirs = strlen(remote->ufrag);
    return ours > 0 && username.n == ours + 1 + theirs &&
           memcmp(username.p, local->ufrag, ours) == 0 && username.p[ours] == ':' &&
           memcmp(username.p + ours + 1, remote->ufrag, theirs) == 0;
}

static int find_path(const struct ice *ice, const struct path *path) {
    for (int i = 0; i < ICE_PATHS_MAX; i++) {
        if (ice->paths[i].path.remote.family != 0 && path_equal(&ice->paths[i].path, path)) {
            return i;
        }
    }
    return -1;
}

/* Consent is per path (RFC 7675 §5.1): one that was not checked for so long is no longer used. */
static void drop_expired_paths(struct ice *ice, usec_t now) {
    for (int i = 0; i < ICE_PATHS_MAX; i++) {
        struct ice_path *p = &ice->paths[i];
        if (p->path.remote.family != 0 && now >= p->checked + ICE_CONSENT) {
            memset(p, 0, sizeof *p);
            if (ice->selected == i) {
                ice->selected = -1;
            }
        }
    }
}

/* A free place, or that of the path whose check is the longest ago and that is not selected. */
static int place_for_path(const struct ice *ice) {
    int oldest = -1;
    for (int i = 0; i < ICE_PATHS_MAX; i++) {
        if (ice->paths[i].path.remote.family == 0) {
            return i;
        }
        if (i != ice->selected &&
            (oldest < 0 || ice->paths[i].checked < ice->paths[oldest].checked)) {
            oldest = i;
        }
    }
    return oldest;
}

static void note_check(struct ice *ice, const struct path *path, bool nominated, usec_t now) {
    drop_expired_paths(ice, now);
    int i = find_path(ice, path);
    if (i < 0) {
        i = place_for_path(ice);
        ice->paths[i].path = *path;
    }
    ice->paths[i].checked = now;
    ice->last_check = now;
    if (nominated) {
        ice->selected = i;
    }
}

static void prepare_answer(struct ice *ice, const struct stun_message *m, const struct path *path,
                           bool old) {
    ice->answer.code = m->unknown_count > 0 ? 420 : 200;
    ice->answer.old = old;
    ice->answer.unknown_count =
        m->unknown_count < STUN_UNKNOWN_MAX ? m->unknown_count : STUN_UNKNOWN_MAX;
    memcpy(ice->answer.unknown, m->unknown, sizeof ice->answer.unknown);
    memcpy(ice->answer.txid, m->txid, STUN_TXID_SIZE);
    ice->answer.path = *path;
}

int ice_input(struct ice *ice, struct bytes datagram, const struct path *path, usec_t now) {
    struct stun_message m;
    if (path->remote.family == 0 || stun_parse(datagram, &m) < 0 || m.method != STUN_BINDING) {
        return -EBADMSG;
    }
    if (m.message_class == STUN_INDICATION) {
        return 0;
    }
    if (m.message_class != STUN_REQUEST || m.username.p == NULL || m.integrity_at == 0 ||
        (m.fingerprint_at != 0 && !stun_check_fingerprint(datagram, &m))) {
        return -EBADMSG;
    }
    bool old = false;
    if (!username_matches(m.username, &ice->local, &ice->remote)) {
        if (!username_matches(m.username, &ice->old_local, &ice->old_remote)) {
            return -EACCES;
        }
        old = true;
    }
    const char *pwd = old ? ice->old_local.pwd : ice->local.pwd;
    if (*pwd == '\0' || !stun_check_integrity(datagram, &m, bytes_of_text(pwd))) {
        return -EACCES;
    }
    prepare_answer(ice, &m, path, old);
    if (m.unknown_count > 0) {
        return -EPROTO;
    }
    if (!old) {
        memset(&ice->old_local, 0, sizeof ice->old_local);
        memset(&ice->old_remote, 0, sizeof ice->old_remote);
    }
    /* The role attributes need no look: against a lite agent the peer controls (RFC 8445 §6.1.1),
     * and conflicts are a matter of full agents (§7.3.1.1). */
    note_check(ice, path, m.use_candidate, now);
    return 0;
}

int ice_output(struct ice *ice, struct room room, struct path *ret_path) {
    if (ice->answer.code == 0) {
        return 0;
    }
    if (room.n < ICE_RESPONSE_MAX) {
        return -ENOSPC;
    }
    struct bytes pwd = bytes_of_text(ice->answer.old ? ice->old_local.pwd : ice->local.pwd);
    int n;
    if (ice->answer.code == 200) {
        n = stun_write_success(room, ice->answer.txid, &ice->answer.path.remote, pwd);
    } else {
        n = stun_write_error(room, ice->answer.txid, ice->answer.code, "Unknown Attribute",
                             ice->answer.unknown, ice->answer.unknown_count, pwd);
    }
    ice->answer.code = 0;
    if (n > 0) {
        *ret_path = ice->answer.path;
    }
    return n;
}

bool ice_allows(const struct ice *ice, const struct path *path) {
    return find_path(ice, path) >= 0;
}

void ice_forget(struct ice *ice, const struct path *path) {
    const int i = find_path(ice, path);
    if (i >= 0) {
        memset(&ice->paths[i], 0, sizeof ice->paths[i]);
        if (ice->selected == i) {
            ice->selected = -1;
        }
    }
}

const struct path *ice_selected(const struct ice *ice) {
    return ice->selected < 0 ? NULL : &ice->paths[ice->selected].path;
}

void ice_restart(struct ice *ice, const struct ice_credentials *local,
                 const struct ice_credentials *remote, usec_t now) {
    if (ice->old_local.ufrag[0] == '\0') { /* else the ones before were never used */
        ice->old_local = ice->local;
        ice->old_remote = ice->remote;
    }
    ice->local = *local;
    ice->remote = *remote;
    ice->answer.code = 0;
    ice->last_check = now; /* the peer gathers anew: give it the whole time */
}

usec_t ice_next_timeout(const struct ice *ice) {
    return ice->last_check + ICE_CONSENT;
}

bool ice_expired(const struct ice *ice, usec_t now) {
    return now >= ice_next_timeout(ice);
}

int ice_ufrag_of(struct bytes datagram, char ret_ufrag[static ICE_UFRAG_MAX]) {
    struct stun_message m;
    if (stun_parse(datagram, &m) < 0 || m.method != STUN_BINDING ||
        m.message_class != STUN_REQUEST || m.username.p == NULL) {
        return -EBADMSG;
    }
    const uint8_t *colon = memchr(m.username.p, ':', m.username.n);
    if (colon == NULL) {
        return -EBADMSG;
    }
    size_t n = (size_t)(colon - m.username.p);
    if (n == 0 || n >= ICE_UFRAG_MAX || memchr(m.username.p, '\0', n) != NULL) {
        return -EBADMSG;
    }
    memcpy(ret_ufrag, m.username.p, n);
    ret_ufrag[n] = '\0';
    return 0;
}
