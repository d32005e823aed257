#include "peer.h"
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <srtp2/srtp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MTU 1200
#define CHECK_RETRY 50000u     /* between checks until one is answered */
#define CONSENT_EVERY 5000000u /* RFC 7675 §5.1 */
#define RECEIVE_BUFFER (1 << 20)

static SSL_CTX *context;
static char fingerprint[EVP_MAX_MD_SIZE * 3];

/* --- Identity --- */

static X509 *new_certificate(EVP_PKEY *key) {
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"bench", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_sign(x, key, EVP_sha256());
    return x;
}

static int accept_any(int ok, X509_STORE_CTX *store) {
    (void)ok;
    (void)store;
    return 1; /* the figures do not depend on whom we trust */
}

int peer_setup(const char *srtp_profile) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = new_certificate(key);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    X509_digest(certificate, EVP_sha256(), digest, &n);
    for (unsigned i = 0; i < n; i++) {
        snprintf(fingerprint + 3 * i, 4, "%02X:", digest[i]);
    }
    fingerprint[3 * n - 1] = '\0';
    context = SSL_CTX_new(DTLS_client_method());
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, accept_any);
    SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    bool refused = SSL_CTX_set_tlsext_use_srtp(context, srtp_profile) != 0;
    X509_free(certificate);
    EVP_PKEY_free(key);
    srtp_err_status_t started = srtp_init();
    /* bad_param: somebody else in this process started the library before. */
    bool ready = started == srtp_err_status_ok || started == srtp_err_status_bad_param;
    return refused || !ready ? -EINVAL : 0;
}

const char *peer_fingerprint(void) {
    return fingerprint;
}

const char *peer_profile(const struct peer *p) {
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(p->ssl);
    return profile != NULL ? profile->name : "none";
}

/* --- Life --- */

static void random_text(char *text, size_t n) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    RAND_bytes((unsigned char *)text, (int)n);
    for (size_t i = 0; i < n; i++) {
        text[i] = letters[text[i] & 63];
    }
    text[n] = '\0';
}

int peer_init(struct peer *p, struct in_addr local) {
    *p = (struct peer){.state = PEER_NEW, .next_check = UINT64_MAX, .next_timeout = UINT64_MAX};
    random_text(p->ufrag, sizeof p->ufrag - 1);
    random_text(p->pwd, sizeof p->pwd - 1);
    p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0) {
        return -errno;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = local};
    if (bind(p->fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int error = errno;
        close(p->fd);
        p->fd = -1;
        return -error;
    }
    int size = RECEIVE_BUFFER;
    if (setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0) {
        setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }
    setsockopt(p->fd, SOL_SOCKET, SO_TIMESTAMPNS, &(int){1}, sizeof(int));
    return 0;
}

void peer_clear(struct peer *p) {
    if (p->ssl != NULL) {
        if (p->state == PEER_OPEN) {
            SSL_shutdown(p->ssl);
        }
        SSL_free(p->ssl);
    }
    if (p->seal != NULL) {
        srtp_dealloc(p->seal);
    }
    if (p->open != NULL) {
        srtp_dealloc(p->open);
    }
    if (p->fd >= 0) {
        close(p->fd);
    }
    *p = (struct peer){.fd = -1, .state = PEER_FAILED};
}

/* --- STUN (RFC 8489) --- */

static size_t put_attribute(uint8_t *m, size_t n, uint16_t type, const void *value, size_t size) {
    m[n] = (uint8_t)(type >> 8);
    m[n + 1] = (uint8_t)type;
    m[n + 2] = (uint8_t)(size >> 8);
    m[n + 3] = (uint8_t)size;
    if (size > 0) {
        memcpy(m + n + 4, value, size);
    }
    memset(m + n + 4 + size, 0, (4 - size % 4) % 4);
    return n + 4 + (size + 3) / 4 * 4;
}

static uint32_t crc32_of(const uint8_t *p, size_t n) {
    uint32_t crc = 0xffffffff;
    while (n-- > 0) {
        crc ^= *p++;
        for (int k = 0; k < 8; k++) {
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1)));
        }
    }
    return ~crc;
}

static size_t seal_stun(uint8_t *m, size_t n, const char *pwd) {
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned mac_size;
    m[2] = (uint8_t)((n + 24 - 20) >> 8);
    m[3] = (uint8_t)(n + 24 - 20);
    HMAC(EVP_sha1(), pwd, (int)strlen(pwd), m, n, mac, &mac_size);
    n = put_attribute(m, n, 0x0008, mac, 20); /* MESSAGE-INTEGRITY */
    m[2] = (uint8_t)((n + 8 - 20) >> 8);
    m[3] = (uint8_t)(n + 8 - 20);
    uint32_t crc = htonl(crc32_of(m, n) ^ 0x5354554e);
    return put_attribute(m, n, 0x8028, &crc, 4); /* FINGERPRINT */
}

static void send_check(struct peer *p) {
    uint8_t m[768] = {0x00, 0x01, 0, 0, 0x21, 0x12, 0xa4, 0x42};
    char user[300];
    uint32_t priority = htonl(0x6effffff);
    RAND_bytes(m + 8, 12);
    int n = snprintf(user, sizeof user, "%s:%s", p->remote_ufrag, p->ufrag);
    size_t size = put_attribute(m, 20, 0x0006, user, (size_t)n); /* USERNAME */
    size = put_attribute(m, size, 0x0024, &priority, 4);         /* PRIORITY */
    size = put_attribute(m, size, 0x802a, p->pwd, 8);            /* ICE-CONTROLLING */
    size = put_attribute(m, size, 0x0025, NULL, 0);              /* USE-CANDIDATE */
    size = seal_stun(m, size, p->remote_pwd);
    (void)!send(p->fd, m, size, 0);
}

static void answer_check(struct peer *p, const uint8_t *request) {
    uint8_t m[256] = {0x01, 0x01};
    struct sockaddr_in remote;
    socklen_t length = sizeof remote;
    memcpy(m + 4, request + 4, 16);
    if (getpeername(p->fd, (struct sockaddr *)&remote, &length) < 0) {
        return;
    }
    uint8_t mapped[8] = {0, 1};
    uint16_t port = htons((uint16_t)(ntohs(remote.sin_port) ^ 0x2112));
    uint32_t ip = remote.sin_addr.s_addr ^ htonl(0x2112a442);
    memcpy(mapped + 2, &port, 2);
    memcpy(mapped + 4, &ip, 4);
    size_t size = put_attribute(m, 20, 0x0020, mapped, 8); /* XOR-MAPPED-ADDRESS */
    size = seal_stun(m, size, p->pwd);
    (void)!send(p->fd, m, size, 0);
}

/* --- DTLS --- */

static unsigned handshake_timer(SSL *ssl, unsigned before_us) {
    (void)ssl;
    return before_us == 0 ? 50000 : before_us * 2;
}

static void start_handshake(struct peer *p) {
    p->ssl = SSL_new(context);
    p->in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new_dgram(p->fd, BIO_NOCLOSE);
    struct sockaddr_in remote;
    socklen_t length = sizeof remote;
    getpeername(p->fd, (struct sockaddr *)&remote, &length);
    BIO_ctrl_set_connected(out, &remote);
    BIO_set_mem_eof_return(p->in, -1);
    SSL_set_bio(p->ssl, p->in, out);
    SSL_set_connect_state(p->ssl);
    SSL_set_mtu(p->ssl, MTU);
    DTLS_set_timer_cb(p->ssl, handshake_timer);
    p->state = PEER_HANDSHAKE;
}

static bool make_srtp(struct peer *p) {
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(p->ssl);
    uint8_t material[60];
    if (profile == NULL) {
        return false;
    }
    bool gcm = profile->id == SRTP_AEAD_AES_128_GCM;
    size_t key = 16, salt = gcm ? 12 : 14;
    if (SSL_export_keying_material(p->ssl, material, 2 * (key + salt), "EXTRACTOR-dtls_srtp", 19,
                                   NULL, 0, 0) != 1) {
        return false;
    }
    uint8_t ours[30], theirs[30];
    memcpy(ours, material, key);
    memcpy(theirs, material + key, key);
    memcpy(ours + key, material + 2 * key, salt);
    memcpy(theirs + key, material + 2 * key + salt, salt);
    srtp_policy_t policy = {.window_size = 1024, .allow_repeat_tx = 1};
    if (gcm) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    } else {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
    }
    policy.ssrc.type = ssrc_any_outbound;
    policy.key = ours;
    bool ok = srtp_create(&p->seal, &policy) == srtp_err_status_ok;
    policy.ssrc.type = ssrc_any_inbound;
    policy.key = theirs;
    return srtp_create(&p->open, &policy) == srtp_err_status_ok && ok;
}

static void handshake(struct peer *p, uint64_t now) {
    int rc = SSL_do_handshake(p->ssl);
    if (rc == 1) {
        p->state = make_srtp(p) ? PEER_OPEN : PEER_FAILED;
        p->next_timeout = UINT64_MAX;
        p->next_check = now + CONSENT_EVERY;
        return;
    }
    if (SSL_get_error(p->ssl, rc) != SSL_ERROR_WANT_READ) {
        p->state = PEER_FAILED;
        return;
    }
    struct timeval left;
    p->next_timeout = DTLSv1_get_timeout(p->ssl, &left)
                          ? now + (uint64_t)left.tv_sec * 1000000 + (uint64_t)left.tv_usec + 1000
                          : UINT64_MAX;
}

/* --- The walk --- */

static bool sdp_value(const char *sdp, const char *name, char *ret, size_t room) {
    const char *at = strstr(sdp, name);
    if (at == NULL) {
        return false;
    }
    at += strlen(name);
    size_t n = strcspn(at, "\r\n");
    if (n == 0 || n >= room) {
        return false;
    }
    memcpy(ret, at, n);
    ret[n] = '\0';
    return true;
}

static bool sdp_candidate(const char *sdp, struct sockaddr_in *ret) {
    for (const char *at = sdp; (at = strstr(at, "a=candidate:")) != NULL; at++) {
        char transport[16], ip[64];
        unsigned component, port;
        if (sscanf(at, "a=candidate:%*s %u %15s %*u %63s %u", &component, transport, ip, &port) ==
                4 &&
            component == 1 && (transport[0] == 'u' || transport[0] == 'U') &&
            inet_pton(AF_INET, ip, &ret->sin_addr) == 1) {
            ret->sin_family = AF_INET;
            ret->sin_port = htons((uint16_t)port);
            return true;
        }
    }
    return false;
}

int peer_start(struct peer *p, const char *sdp, uint64_t now) {
    struct sockaddr_in remote = {0};
    if (!sdp_value(sdp, "a=ice-ufrag:", p->remote_ufrag, sizeof p->remote_ufrag) ||
        !sdp_value(sdp, "a=ice-pwd:", p->remote_pwd, sizeof p->remote_pwd) ||
        !sdp_candidate(sdp, &remote)) {
        return -EINVAL;
    }
    if (connect(p->fd, (struct sockaddr *)&remote, sizeof remote) < 0) {
        return -errno;
    }
    p->state = PEER_CHECKING;
    p->next_check = now;
    peer_tick(p, now);
    return 0;
}

void peer_input(struct peer *p, const uint8_t *data, size_t size, uint64_t now) {
    if (size >= 20 && data[0] == 0x00 && data[1] == 0x01) {
        answer_check(p, data);
    } else if (size >= 20 && data[0] == 0x01 && data[1] == 0x01) {
        if (p->state == PEER_CHECKING) {
            p->next_check = UINT64_MAX;
            start_handshake(p);
            handshake(p, now);
        }
    } else if (data[0] >= 20 && data[0] < 64 && p->ssl != NULL) {
        BIO_write(p->in, data, (int)size);
        if (p->state == PEER_HANDSHAKE) {
            handshake(p, now);
        } else if (p->state == PEER_OPEN) {
            char nothing[16];
            (void)!SSL_read(p->ssl, nothing, sizeof nothing);
            if (SSL_get_shutdown(p->ssl) & SSL_RECEIVED_SHUTDOWN) {
                p->state = PEER_FAILED;
            }
        }
    }
}

void peer_tick(struct peer *p, uint64_t now) {
    if (now >= p->next_check) {
        send_check(p);
        p->next_check = now + (p->state == PEER_CHECKING ? CHECK_RETRY : CONSENT_EVERY);
    }
    if (now >= p->next_timeout && p->state == PEER_HANDSHAKE) {
        DTLSv1_handle_timeout(p->ssl);
        handshake(p, now);
    }
}

int peer_seal_rtp(struct peer *p, uint8_t *packet, size_t size) {
    int n = (int)size;
    return srtp_protect(p->seal, packet, &n) == srtp_err_status_ok ? n : -1;
}

int peer_seal_rtcp(struct peer *p, uint8_t *packet, size_t size) {
    int n = (int)size;
    return srtp_protect_rtcp(p->seal, packet, &n) == srtp_err_status_ok ? n : -1;
}

int peer_open_rtp(struct peer *p, uint8_t *packet, size_t size) {
    int n = (int)size;
    return srtp_unprotect(p->open, packet, &n) == srtp_err_status_ok ? n : -1;
}

int peer_open_rtcp(struct peer *p, uint8_t *packet, size_t size) {
    int n = (int)size;
    return srtp_unprotect_rtcp(p->open, packet, &n) == srtp_err_status_ok ? n : -1;
}

int peer_sdp_lines(const struct peer *p, const char *setup, char *text, size_t room) {
    return snprintf(text, room,
                    "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\na=setup:%s\r\n",
                    p->ufrag, p->pwd, fingerprint, setup);
}
