#include "transport/dtls.h"
#include "transport/dtls_bio.h"
#include "transport/dtls_identity.h"
#include "transport/dtls_tail.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#define RECORD_HEADER 13
#define TYPE_APPLICATION_DATA 23
#define RETRANSMIT_FIRST 50000u /* microseconds */
#define RETRANSMIT_LAST 1600000u
/* OpenSSL keeps a 17 KB buffer for each record of the next epoch that comes before its time, up to
 * a hundred. A peer's last flight has one, so a few retransmissions of it are all we let in. */
#define EARLY_RECORDS_MAX 16

struct dtls {
    enum dtls_role role;
    enum dtls_state state;
    const char *failure;
    SSL *ssl; /* NULL once settled, closed or failed */
    struct datagram_queue queue;
    struct dtls_fingerprint expected;
    struct srtp_keys keys;
    struct dtls_tail *tail; /* once settled */
    unsigned early_records;
    bool verified;
};

static void free_association(struct dtls *d) {
    SSL_free(d->ssl);
    d->ssl = NULL;
    if (d->tail != NULL) {
        OPENSSL_clear_free(d->tail, sizeof *d->tail);
        d->tail = NULL;
    }
}

static void set_state(struct dtls *d, enum dtls_state state) {
    if (d->state == state) {
        return;
    }
    d->state = state;
    switch (state) {
    case DTLS_HANDSHAKE:
        break;
    case DTLS_OPEN:
        SSL_free_buffers(d->ssl); /* 33 KB that are allocated again on demand */
        break;
    case DTLS_CLOSED:
    case DTLS_FAILED:
        free_association(d);
        break;
    }
}

static void fail(struct dtls *d, const char *failure) {
    d->failure = failure;
    set_state(d, DTLS_FAILED);
}

/* RFC 8122 §5: the peer's certificate is right when it has the announced hash; nothing else counts.
 */
int dtls_verify_certificate(X509_STORE_CTX *store, void *unused) {
    (void)unused;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct dtls *d = SSL_get_app_data(ssl);
    X509 *certificate = X509_STORE_CTX_get0_cert(store);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    d->verified =
        certificate != NULL &&
        X509_digest(certificate, dtls_fingerprint_hash(d->expected.algorithm), digest, &n) == 1 &&
        n == d->expected.digest_size && CRYPTO_memcmp(digest, d->expected.digest, n) == 0;
    if (!d->verified) {
        d->failure = "fingerprint";
        X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    }
    return d->verified;
}

static unsigned retransmit_after(SSL *ssl, unsigned previous) {
    (void)ssl;
    if (previous == 0) {
        return RETRANSMIT_FIRST;
    }
    return previous < RETRANSMIT_LAST / 2 ? previous * 2 : RETRANSMIT_LAST;
}

static const char *profile_name(enum srtp_profile profile) {
    switch (profile) {
    case SRTP_PROFILE_GCM_128:
        return "SRTP_AEAD_AES_128_GCM";
    case SRTP_PROFILE_CM_SHA1_80:
        return "SRTP_AES128_CM_SHA1_80";
    case SRTP_PROFILE_NONE:
        break;
    }
    return "";
}

static bool offer_profiles(SSL *ssl, const enum srtp_profile profiles[], size_t count) {
    char list[64] = "";
    for (size_t i = 0; i < count && i < 2; i++) {
        size_t n = strlen(list);
        snprintf(list + n, sizeof list - n, "%s%s", i > 0 ? ":" : "", profile_name(profiles[i]));
    }
    return SSL_set_tlsext_use_srtp(ssl, list) == 0; /* 0 is its success */
}

static bool read_keys(struct dtls *d) {
    const SRTP_PROTECTION_PROFILE *chosen = SSL_get_selected_srtp_profile(d->ssl);
    size_t salt;
    if (chosen == NULL) {
        return false;
    }
    switch (chosen->id) {
    case SRTP_PROFILE_GCM_128:
        salt = 12;
        break;
    case SRTP_PROFILE_CM_SHA1_80:
        salt = 14;
        break;
    default:
        return false;
    }
    /* RFC 5764 §4.2: client key, server key, client salt, server salt */
    static const char label[] = "EXTRACTOR-dtls_srtp";
    uint8_t material[2 * (16 + 14)];
    if (SSL_export_keying_material(d->ssl, material, 2 * (16 + salt), label, sizeof label - 1, NULL,
                                   0, 0) != 1) {
        return false;
    }
    struct srtp_master *client = d->role == DTLS_SERVER ? &d->keys.remote : &d->keys.local;
    struct srtp_master *server = d->role == DTLS_SERVER ? &d->keys.local : &d->keys.remote;
    d->keys.profile = (enum srtp_profile)chosen->id;
    memcpy(client->key, material, 16);
    memcpy(server->key, material + 16, 16);
    memcpy(client->salt, material + 32, salt);
    memcpy(server->salt, material + 32 + salt, salt);
    OPENSSL_cleanse(material, sizeof material);
    return true;
}

static void advance_handshake(struct dtls *d) {
    ERR_clear_error();
    int r = SSL_do_handshake(d->ssl);
    if (r == 1) {
        if (!d->verified) {
            fail(d, "fingerprint");
        } else if (!read_keys(d)) {
            fail(d, "profile");
        } else {
            set_state(d, DTLS_OPEN);
        }
        return;
    }
    int error = SSL_get_error(d->ssl, r);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        fail(d, *d->failure != '\0' ? d->failure : "handshake");
    }
}

/* Also answers the retransmission of a last flight whose answer was lost. Application data is read
 * and forgotten. */
static void read_records(struct dtls *d) {
    uint8_t ignored[2048];
    int r;
    do {
        ERR_clear_error();
        r = SSL_read(d->ssl, ignored, sizeof ignored);
    } while (r > 0);
    int error = SSL_get_error(d->ssl, r);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        set_state(d, DTLS_CLOSED); /* an authentic alert: anything forged was dropped in silence */
        return;
    }
    SSL_free_buffers(d->ssl);
}

struct dtls *dtls_new_with_profiles(struct dtls_identity *identity, enum dtls_role role,
                                    const struct dtls_fingerprint *expected,
                                    const enum srtp_profile profiles[], size_t profile_count) {
    const EVP_MD *hash = dtls_fingerprint_hash(expected->algorithm);
    if (hash == NULL || expected->digest_size != (size_t)EVP_MD_get_size(hash)) {
        return NULL;
    }
    struct dtls *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return NULL;
    }
    d->role = role;
    d->state = DTLS_HANDSHAKE;
    d->failure = "";
    d->expected = *expected;
    d->ssl = SSL_new(identity->contexts[role]);
    BIO *bio = datagram_bio_new(identity->bio_method, &d->queue);
    if (d->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        goto fail;
    }
    SSL_set_bio(d->ssl, bio, bio);
    SSL_set_app_data(d->ssl, d);
    SSL_set_mtu(d->ssl, DTLS_MTU);
    DTLS_set_timer_cb(d->ssl, retransmit_after);
    SSL_set_verify(d->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    if (!offer_profiles(d->ssl, profiles, profile_count)) {
        goto fail;
    }
    if (role == DTLS_SERVER) {
        SSL_set_accept_state(d->ssl);
    } else {
        SSL_set_connect_state(d->ssl);
        advance_handshake(d);
    }
    return d;
fail:
    dtls_free(d);
    return NULL;
}

struct dtls *dtls_new(struct dtls_identity *identity, enum dtls_role role,
                      const struct dtls_fingerprint *expected) {
    static const enum srtp_profile profiles[] = {SRTP_PROFILE_GCM_128, SRTP_PROFILE_CM_SHA1_80};
    return dtls_new_with_profiles(identity, role, expected, profiles, 2);
}

void dtls_free(struct dtls *d) {
    if (d != NULL) {
        free_association(d);
        datagram_queue_clear(&d->queue);
        explicit_bzero(&d->keys, sizeof d->keys);
        free(d);
    }
}

/* RFC 6347 §4.1. True when the datagram begins with a whole DTLS record. */
static bool begins_with_record(struct bytes b) {
    return b.n >= RECORD_HEADER && b.p[0] >= 20 && b.p[0] <= TYPE_APPLICATION_DATA &&
           b.p[1] == 0xfe && RECORD_HEADER + (size_t)read_be16(b.p + 11) <= b.n;
}

/* Whether a datagram may enter the handshake; keeps what OpenSSL would store for later bounded. */
static bool admits(struct dtls *d, struct bytes datagram) {
    while (begins_with_record(datagram)) {
        if (read_be16(datagram.p + 3) != 0 &&
            (datagram.p[0] == TYPE_APPLICATION_DATA || d->early_records++ >= EARLY_RECORDS_MAX)) {
            return false;
        }
        datagram = bytes_from(datagram, RECORD_HEADER + (size_t)read_be16(datagram.p + 11));
    }
    return true;
}

int dtls_input(struct dtls *d, struct bytes datagram) {
    if (d->state == DTLS_CLOSED || d->state == DTLS_FAILED) {
        return -ENOTCONN;
    }
    if (!begins_with_record(datagram)) {
        return -EBADMSG;
    }
    if (d->tail != NULL) {
        if (dtls_tail_ends(d->tail, datagram)) {
            set_state(d, DTLS_CLOSED);
        }
        return 0;
    }
    if (d->state == DTLS_HANDSHAKE && !admits(d, datagram)) {
        return 0;
    }
    d->queue.in = datagram;
    if (d->state == DTLS_HANDSHAKE) {
        advance_handshake(d);
    }
    if (d->state == DTLS_OPEN) {
        read_records(d);
    }
    d->queue.in = bytes_of(NULL, 0);
    return d->state == DTLS_FAILED ? -EPROTO : 0;
}

int dtls_output(struct dtls *d, struct room room) {
    return room.n < DTLS_MTU ? -ENOSPC : datagram_queue_take(&d->queue, room);
}

usec_t dtls_next_timeout(const struct dtls *d, usec_t now) {
    struct timeval left;
    if (d->ssl == NULL || DTLSv1_get_timeout(d->ssl, &left) != 1) {
        return USEC_NEVER;
    }
    return now + SEC((unsigned long)left.tv_sec) + (usec_t)left.tv_usec;
}

void dtls_timeout(struct dtls *d) {
    if (d->ssl != NULL) {
        ERR_clear_error();
        if (DTLSv1_handle_timeout(d->ssl) < 0 && d->state == DTLS_HANDSHAKE) {
            fail(d, "timeout");
        }
    }
}

enum dtls_state dtls_state(const struct dtls *d) {
    return d->state;
}

const char *dtls_failure(const struct dtls *d) {
    return d->state == DTLS_FAILED ? d->failure : "";
}

int dtls_srtp_keys(const struct dtls *d, struct srtp_keys *ret) {
    if (d->state != DTLS_OPEN) {
        return -ENOTCONN;
    }
    *ret = d->keys;
    return 0;
}

void dtls_settle(struct dtls *d) {
    if (d->state != DTLS_OPEN || d->tail != NULL) {
        return;
    }
    struct dtls_tail *tail = malloc(sizeof *tail);
    if (tail == NULL || dtls_tail_init(tail, d->ssl, d->role == DTLS_SERVER) < 0) {
        free(tail); /* works as well with all of it */
        return;
    }
    SSL_set_quiet_shutdown(d->ssl, 1);
    SSL_free(d->ssl);
    d->ssl = NULL;
    d->tail = tail;
}

void dtls_close(struct dtls *d) {
    if (d->state == DTLS_HANDSHAKE) {
        set_state(d, DTLS_CLOSED);
        return;
    }
    if (d->state != DTLS_OPEN) {
        return;
    }
    uint8_t record[DTLS_ALERT_RECORD];
    if (d->tail != NULL && dtls_tail_close(d->tail, record) > 0) {
        datagram_queue_put(&d->queue, bytes_of(record, sizeof record));
    } else if (d->ssl != NULL && SSL_alloc_buffers(d->ssl) == 1) {
        ERR_clear_error();
        SSL_shutdown(d->ssl);
    }
    set_state(d, DTLS_CLOSED);
}
