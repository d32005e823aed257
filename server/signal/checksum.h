/* signal/checksum.h: running checksums of uploads (tus 1.0.0, "checksum"). */
#pragma once
#include "base/spans.h"

struct checksum;

#define CHECKSUM_ALGORITHMS "sha1,sha256"
#define CHECKSUM_MAX 32 /* bytes */

/* `field` is the Upload-Checksum header: an algorithm, a blank and Base64. 0, -EINVAL (malformed),
 * -ENOTSUP (unknown algorithm), -ENOMEM. */
int checksum_new(const char *field, struct checksum **ret);
void checksum_free(struct checksum *c); /* NULL is fine */
void checksum_add(struct checksum *c, struct bytes piece);
/* Is everything added what the header said? Once, at the end. */
bool checksum_matches(struct checksum *c);
