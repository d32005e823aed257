#include "store/secret.h"

#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#define ID_CHARACTERS 12

_Static_assert(SECRET_PASSWORD_MAX >= crypto_pwhash_STRBYTES, "room for the encoded hash");

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_once_t nobody_once = PTHREAD_ONCE_INIT;
static char nobody[SECRET_PASSWORD_MAX]; /* hash of an unknown password, for unknown addresses */

static int hash(const char *password, char *ret) {
    return crypto_pwhash_str(ret, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                             crypto_pwhash_MEMLIMIT_INTERACTIVE);
}

static void start(void) {
    int error = sodium_init();
    assert(error >= 0);
    (void)error;
}

static void make_nobody(void) {
    char password[SECRET_TOKEN_SIZE + 1];
    secret_token(password);
    if (hash(password, nobody) != 0) {
        nobody[0] = '\0';
    }
}

int secret_hash_password(const char *password, char ret[static SECRET_PASSWORD_MAX]) {
    char made[SECRET_PASSWORD_MAX];
    pthread_once(&once, start);
    if (hash(password, made) != 0) {
        return -ENOMEM;
    }
    memcpy(ret, made, sizeof(made));
    return 0;
}

bool secret_check_password(const char *hash_text, const char *password) {
    pthread_once(&once, start);
    if (!hash_text[0]) {
        pthread_once(&nobody_once, make_nobody);
        int ignored = crypto_pwhash_str_verify(nobody, password, strlen(password));
        (void)ignored;
        return false;
    }
    return crypto_pwhash_str_verify(hash_text, password, strlen(password)) == 0;
}

void secret_digest(const char *token, char ret[static SECRET_DIGEST_MAX]) {
    unsigned char digest[32];
    pthread_once(&once, start);
    crypto_generichash(digest, sizeof(digest), (const unsigned char *)token, strlen(token), NULL,
                       0);
    sodium_bin2hex(ret, SECRET_DIGEST_MAX, digest, sizeof(digest));
}

void secret_token(char ret[static SECRET_TOKEN_SIZE + 1]) {
    random_text(ret, SECRET_TOKEN_SIZE);
}

void secret_id(char *ret) {
    random_text(ret, ID_CHARACTERS);
}

void secret_wipe(void *p, size_t n) {
    sodium_memzero(p, n);
}
