/* transport/ice.h: one ICE-lite agent (RFC 8445 §2.5): answers connectivity checks, remembers which
 * paths passed one, and follows the peer's nominations. The peer is always the controlling agent.
 *
 * Sans-IO, one thread: give one datagram, drain ice_output, then give the next. */
#pragma once
#include "base/address.h"
#include "base/clock.h"
#include "base/spans.h"
#include "wire/media_types.h"
#include "wire/stun.h"

#define ICE_PATHS_MAX 8
#define ICE_CONSENT SEC(30)               /* RFC 7675 §5.1 */
#define ICE_RESPONSE_MAX STUN_MESSAGE_MAX /* room that always suffices for ice_output */

struct ice_path {
    struct path path;
    usec_t checked; /* last valid check; the slot is free when path.remote.family is 0 */
};

struct ice {
    struct ice_credentials local, remote;
    struct ice_credentials old_local, old_remote; /* after a restart, until the new ones are used */
    struct ice_path paths[ICE_PATHS_MAX];
    int selected; /* index into paths, -1 while nothing is nominated */
    usec_t last_check;
    struct {
        uint16_t code; /* 0: nothing to say; 200: success; otherwise an error */
        bool old;      /* signed with the old password */
        uint16_t unknown[STUN_UNKNOWN_MAX];
        size_t unknown_count;
        uint8_t txid[STUN_TXID_SIZE];
        struct path path;
    } answer;
};

/* Copies the credentials. Consent counts from `now`. */
void ice_init(struct ice *ice, const struct ice_credentials *local,
              const struct ice_credentials *remote, usec_t now);

/* Takes one STUN datagram (RFC 8445 §7.3). 0, also for indications, which change nothing; -EBADMSG
 * malformed, no Binding request, or without USERNAME or MESSAGE-INTEGRITY; -EACCES wrong username
 * or password; -EPROTO an authentic check with an attribute we had to understand: it is answered
 * 420. Nothing else is answered or changed by an error. */
int ice_input(struct ice *ice, struct bytes datagram, const struct path *path, usec_t now);

/* Writes the pending answer. Its size and where it goes, or 0 when there is none. -ENOSPC below
 * ICE_RESPONSE_MAX bytes of room. */
int ice_output(struct ice *ice, struct room room, struct path *ret_path);

/* True for a path that passed a check within the last ICE_CONSENT, as of the newest check. */
bool ice_allows(const struct ice *ice, const struct path *path);

/* The path is no more (its TCP connection is closed): nothing is sent or taken there. */
void ice_forget(struct ice *ice, const struct path *path);

/* The newest nominated path; NULL before the first nomination. */
const struct path *ice_selected(const struct ice *ice);

/* RFC 8445 §9. Paths stay usable; the old local credentials stay valid until the first check with
 * the new ones. Once that came the peer's next nomination moves the media. */
void ice_restart(struct ice *ice, const struct ice_credentials *local,
                 const struct ice_credentials *remote, usec_t now);

/* When ice_expired will become true if nothing valid arrives. */
usec_t ice_next_timeout(const struct ice *ice);

/* True after ICE_CONSENT without a valid check: the session is over. */
bool ice_expired(const struct ice *ice, usec_t now);

/* Our ufrag from the USERNAME of a Binding request ("ours:theirs"), to find the session. Proves
 * nothing. 0 or -EBADMSG. */
int ice_ufrag_of(struct bytes datagram, char ret_ufrag[static ICE_UFRAG_MAX]);
