/* signal/tls.h: certificate and key of the HTTPS side, checked before they are put to use. The one
 * file of signal/ that includes OpenSSL (tls.c). */
#pragma once

/* Do the chain and the key belong together and parse? 0 or -EINVAL with a sentence. */
int tls_check(const char *certificate, const char *key, const char **ret_reason);

/* Puts the files' contents into a running SSL_CTX: connections made later use them, older ones keep
 * what they have. 0 or -EINVAL (nothing changed) with a sentence. */
int tls_swap(void *ssl_ctx, const char *certificate, const char *key, const char **ret_reason);
