/* app/health_probe.h: does a Parlour of these settings answer on its own port, in good health? Over
 * HTTP or, with a certificate, TLS (OpenSSL); the certificate is not judged. For the doctor. */
#pragma once
#include "app/config.h"

/* Waits at most a few seconds. */
bool health_probe(const struct config *c);
