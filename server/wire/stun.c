#include "wire/stun.h"

#include <errno.h>

#include "wire/hash.h"

#define COOKIE 0x2112a442u
#define FINGERPRINT_XOR 0x5354554eu /* RFC 8489 §14.7 */
#define ATTRIBUTE_HEADER 4
#define INTEGRITY_SIZE (ATTRIBUTE_HEADER + HMAC_SHA1_SIZE)
#define FINGERPRINT_SIZE (ATTRIBUTE_HEADER + 4)
#define SIGNED_MAX 2048 /* longer datagrams never reach us whole */
#define USERNAME_MAX 508
#define REASON_MAX 127

enum { /* RFC 8489 §18.3, RFC 8445 §16.1 */
       ATTR_USERNAME = 0x0006,
       ATTR_INTEGRITY = 0x0008,
       ATTR_ERROR_CODE = 0x0009,
       ATTR_UNKNOWN = 0x000a,
       ATTR_REALM = 0x0014,
       ATTR_NONCE = 0x0015,
       ATTR_INTEGRITY_SHA256 = 0x001c,
       ATTR_XOR_MAPPED = 0x0020,
       ATTR_PRIORITY = 0x0024,
       ATTR_USE_CANDIDATE = 0x0025,
       ATTR_FINGERPRINT = 0x8028,
       ATTR_CONTROLLED = 0x8029,
       ATTR_CONTROLLING = 0x802a
};

bool stun_is_message(struct bytes d) {
    return d.n >= STUN_HEADER_SIZE && d.p[0] < 4 && read_be32(d.p + 4) == COOKIE;
}

/* CRC-32 of ISO 3309, four bits at a time: 64 bytes of table, one check per second and viewer. */
static uint32_t crc32_of(const uint8_t *p, size_t n) {
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                       0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        crc = table[(crc ^ p[i]) & 15] ^ (crc >> 4);
        crc = table[(crc ^ (p[i] >> 4)) & 15] ^ (crc >> 4);
    }
    return ~crc;
}

/* ---- reading ---- */

/* RFC 8489 §14.2. The port is XORed with the cookie, the address with cookie and transaction id. */
static int parse_xor_address(struct bytes v, const uint8_t *cookie_and_txid, struct address *ret) {
    if (v.n < 8) {
        return -EBADMSG;
    }
    struct address a = {.port = (uint16_t)(read_be16(v.p + 2) ^ (COOKIE >> 16))};
    size_t size = v.p[1] == 1 ? 4 : v.p[1] == 2 ? 16 : 0;
    if (size == 0 || v.n != 4 + size) {
        return -EBADMSG;
    }
    a.family = size == 4 ? 4 : 6;
    for (size_t i = 0; i < size; i++) {
        a.ip[i] = v.p[4 + i] ^ cookie_and_txid[i];
    }
    *ret = a;
    return 0;
}

static int parse_error_code(struct bytes v, uint16_t *ret) {
    if (v.n < 4 || (v.p[2] & 7) < 3 || (v.p[2] & 7) > 6 || v.p[3] > 99) {
        return -EBADMSG;
    }
    *ret = (uint16_t)((v.p[2] & 7) * 100 + v.p[3]);
    return 0;
}

static void note_unknown(uint16_t type, struct stun_message *m) {
    if (type < 0x8000) { /* comprehension-required */
        if (m->unknown_count < STUN_UNKNOWN_MAX) {
            m->unknown[m->unknown_count++] = type;
        }
    }
}

static int parse_attribute(uint16_t type, struct bytes v, const uint8_t *message,
                           struct stun_message *m) {
    switch (type) {
    case ATTR_USERNAME:
        if (v.n > 512) {
            return -EBADMSG;
        }
        if (!m->username.p) { /* RFC 8489 §14: only the first of a type counts */
            m->username = v;
        }
        return 0;
    case ATTR_XOR_MAPPED:
        return m->mapped.family ? 0 : parse_xor_address(v, message + 4, &m->mapped);
    case ATTR_PRIORITY:
        if (v.n != 4) {
            return -EBADMSG;
        }
        m->has_priority = true;
        m->priority = read_be32(v.p);
        return 0;
    case ATTR_USE_CANDIDATE:
        m->use_candidate = true;
        return 0;
    case ATTR_CONTROLLED:
    case ATTR_CONTROLLING:
        if (v.n != 8) {
            return -EBADMSG;
        }
        m->ice_controlled |= type == ATTR_CONTROLLED;
        m->ice_controlling |= type == ATTR_CONTROLLING;
        m->tie_breaker = read_be64(v.p);
        return 0;
    case ATTR_ERROR_CODE:
        return parse_error_code(v, &m->error_code);
    case ATTR_REALM:
    case ATTR_NONCE:
    case ATTR_UNKNOWN:
    case ATTR_INTEGRITY_SHA256:
        return 0; /* understood, without meaning for short-term credentials with SHA-1 */
    default:
        note_unknown(type, m);
        return 0;
    }
}

int stun_parse(struct bytes d, struct stun_message *ret) {
    if (!stun_is_message(d) || read_be16(d.p + 2) % 4 != 0 ||
        d.n != STUN_HEADER_SIZE + (size_t)read_be16(d.p + 2)) {
        return -EBADMSG;
    }
    uint16_t type = read_be16(d.p);
    struct stun_message m = {
        /* RFC 8489 §5: M11–M7 C1 M6–M4 C0 M3–M0 */
        .message_class = (enum stun_class)(((type >> 7) & 2) | ((type >> 4) & 1)),
        .method = (uint16_t)((type & 0x0f) | ((type >> 1) & 0x70) | ((type >> 2) & 0xf80)),
    };
    memcpy(m.txid, d.p + 8, STUN_TXID_SIZE);
    for (size_t at = STUN_HEADER_SIZE; at < d.n;) {
        if (m.fingerprint_at || d.n - at < ATTRIBUTE_HEADER) {
            return -EBADMSG; /* FINGERPRINT is the last */
        }
        uint16_t attribute = read_be16(d.p + at);
        size_t size = read_be16(d.p + at + 2);
        size_t padded = (size + 3) & ~(size_t)3;
        if (padded > d.n - at - ATTRIBUTE_HEADER) {
            return -EBADMSG;
        }
        struct bytes value = bytes_of(d.p + at + ATTRIBUTE_HEADER, size);
        if (attribute == ATTR_FINGERPRINT) {
            if (size != 4) {
                return -EBADMSG;
            }
            m.fingerprint_at = at;
        } else if (attribute == ATTR_INTEGRITY && !m.integrity_at) {
            if (size != HMAC_SHA1_SIZE) {
                return -EBADMSG;
            }
            m.integrity_at = at;
        } else if (!m.integrity_at) {
            int r = parse_attribute(attribute, value, d.p, &m);
            if (r < 0) {
                return r;
            }
        }
        at += ATTRIBUTE_HEADER + padded;
    }
    if (m.message_class == STUN_ERROR && !m.error_code) {
        return -EBADMSG;
    }
    *ret = m;
    return 0;
}

/* RFC 8489 §14.5: the hash covers what precedes the attribute, with a length that includes it. */
static int sign(const uint8_t *message, size_t n, struct bytes pwd,
                uint8_t ret_mac[static HMAC_SHA1_SIZE]) {
    uint8_t copy[SIGNED_MAX];
    if (n > sizeof(copy) || n < STUN_HEADER_SIZE) {
        return -EMSGSIZE;
    }
    memcpy(copy, message, n);
    write_be16(copy + 2, (uint16_t)(n - STUN_HEADER_SIZE + INTEGRITY_SIZE));
    return hmac_sha1(pwd, bytes_of(copy, n), ret_mac);
}

bool stun_check_integrity(struct bytes d, const struct stun_message *m, struct bytes pwd) {
    uint8_t mac[HMAC_SHA1_SIZE];
    return m->integrity_at && m->integrity_at + INTEGRITY_SIZE <= d.n &&
           sign(d.p, m->integrity_at, pwd, mac) == 0 &&
           hash_equal(mac, d.p + m->integrity_at + ATTRIBUTE_HEADER, HMAC_SHA1_SIZE);
}

bool stun_check_fingerprint(struct bytes d, const struct stun_message *m) {
    return m->fingerprint_at && m->fingerprint_at + FINGERPRINT_SIZE <= d.n &&
           (crc32_of(d.p, m->fingerprint_at) ^ FINGERPRINT_XOR) ==
               read_be32(d.p + m->fingerprint_at + ATTRIBUTE_HEADER);
}

/* ---- writing ---- */

struct writer {
    struct room room;
    size_t n;
    bool full;
};

static struct writer begin(struct room room, enum stun_class c, const uint8_t *txid) {
    struct writer w = {.room = room};
    if (room.n < STUN_HEADER_SIZE) {
        w.full = true;
        return w;
    }
    write_be16(room.p, (uint16_t)(STUN_BINDING | ((c & 2) << 7) | ((c & 1) << 4)));
    write_be16(room.p + 2, 0);
    write_be32(room.p + 4, COOKIE);
    memcpy(room.p + 8, txid, STUN_TXID_SIZE);
    w.n = STUN_HEADER_SIZE;
    return w;
}

/* Room for the value of a new attribute, padding zeroed; NULL when there is none left. */
static uint8_t *attribute(struct writer *w, uint16_t type, size_t size) {
    size_t padded = (size + 3) & ~(size_t)3;
    if (w->full || w->room.n - w->n < ATTRIBUTE_HEADER + padded) {
        w->full = true;
        return NULL;
    }
    uint8_t *p = w->room.p + w->n;
    write_be16(p, type);
    write_be16(p + 2, (uint16_t)size);
    memset(p + ATTRIBUTE_HEADER + size, 0, padded - size);
    w->n += ATTRIBUTE_HEADER + padded;
    write_be16(w->room.p + 2, (uint16_t)(w->n - STUN_HEADER_SIZE));
    return p + ATTRIBUTE_HEADER;
}

static int finish(struct writer *w, struct bytes pwd) {
    if (pwd.n && !w->full) {
        size_t signed_size = w->n;
        uint8_t *mac = attribute(w, ATTR_INTEGRITY, HMAC_SHA1_SIZE);
        if (mac && sign(w->room.p, signed_size, pwd, mac) < 0) {
            return -ENOSPC;
        }
    }
    size_t covered = w->n;
    uint8_t *p = attribute(w, ATTR_FINGERPRINT, 4);
    if (!p) {
        return -ENOSPC;
    }
    write_be32(p, crc32_of(w->room.p, covered) ^ FINGERPRINT_XOR);
    return (int)w->n;
}

int stun_write_success(struct room room, const uint8_t txid[static STUN_TXID_SIZE],
                       const struct address *mapped, struct bytes pwd) {
    struct writer w = begin(room, STUN_SUCCESS, txid);
    size_t size = mapped->family == 4 ? 4 : 16;
    uint8_t *p = attribute(&w, ATTR_XOR_MAPPED, 4 + size);
    if (p) {
        p[0] = 0;
        p[1] = size == 4 ? 1 : 2;
        write_be16(p + 2, (uint16_t)(mapped->port ^ (COOKIE >> 16)));
        for (size_t i = 0; i < size; i++) {
            p[4 + i] = mapped->ip[i] ^ room.p[4 + i];
        }
    }
    return finish(&w, pwd);
}

int stun_write_error(struct room room, const uint8_t txid[static STUN_TXID_SIZE], unsigned code,
                     const char *reason, const uint16_t *unknown, size_t unknown_count,
                     struct bytes pwd) {
    struct writer w = begin(room, STUN_ERROR, txid);
    size_t reason_size = strnlen(reason, REASON_MAX);
    uint8_t *p = attribute(&w, ATTR_ERROR_CODE, 4 + reason_size);
    if (p) {
        write_be16(p, 0);
        p[2] = (uint8_t)(code / 100);
        p[3] = (uint8_t)(code % 100);
        memcpy(p + 4, reason, reason_size);
    }
    if (unknown_count) {
        p = attribute(&w, ATTR_UNKNOWN, 2 * unknown_count);
        for (size_t i = 0; p && i < unknown_count; i++) {
            write_be16(p + 2 * i, unknown[i]);
        }
    }
    return finish(&w, pwd);
}

int stun_write_request(struct room room, const struct stun_request *request, struct bytes pwd) {
    struct writer w = begin(room, STUN_REQUEST, request->txid);
    uint8_t *p;
    if (request->username.n > USERNAME_MAX) {
        return -ENOSPC;
    }
    if (request->username.n && (p = attribute(&w, ATTR_USERNAME, request->username.n))) {
        memcpy(p, request->username.p, request->username.n);
    }
    if ((p = attribute(&w, ATTR_PRIORITY, 4))) {
        write_be32(p, request->priority);
    }
    if ((p = attribute(&w, request->controlling ? ATTR_CONTROLLING : ATTR_CONTROLLED, 8))) {
        write_be64(p, request->tie_breaker);
    }
    if (request->use_candidate) {
        attribute(&w, ATTR_USE_CANDIDATE, 0);
    }
    return finish(&w, pwd);
}

int stun_write_probe(struct room room, const uint8_t txid[static STUN_TXID_SIZE]) {
    struct writer w = begin(room, STUN_REQUEST, txid);
    return finish(&w, bytes_of(NULL, 0));
}
