/* store/secret.h: libsodium behind four calls: passwords (argon2id), tokens and their digests. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define SECRET_PASSWORD_MAX 128 /* an encoded argon2id hash with its NUL */
#define SECRET_DIGEST_MAX 65    /* BLAKE2b-256 in hex with its NUL */
#define SECRET_TOKEN_SIZE 32    /* characters of [A-Za-z0-9]: 190 bits */

/* 0 or −errno (-ENOMEM). Takes some 50 ms and 64 MiB. */
int secret_hash_password(const char *password, char ret[static SECRET_PASSWORD_MAX]);

/* With "" as hash it works as long and is false, so that nobody learns which addresses exist. */
bool secret_check_password(const char *hash, const char *password);

/* What is kept of a token: it has 190 random bits, so a fast hash is enough. */
void secret_digest(const char *token, char ret[static SECRET_DIGEST_MAX]);

void secret_token(char ret[static SECRET_TOKEN_SIZE + 1]);

/* An id: 12 characters. */
void secret_id(char *ret);

void secret_wipe(void *p, size_t n);
