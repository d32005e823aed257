/* app/certificate.h: is this TLS certificate usable, and for how long? Over OpenSSL, for the
 * doctor. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* 0 with the end of its validity (Unix seconds; also when that is past), or -EINVAL with a
 * sentence: unreadable, not PEM, the key belongs to another certificate. */
int certificate_check(const char *cert_file, const char *key_file, int64_t *ret_expires_at,
                      char *ret_reason, size_t size);
