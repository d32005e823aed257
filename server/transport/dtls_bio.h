/* transport/dtls_bio.h: a BIO that keeps datagrams apart. OpenSSL's memory BIO is a stream: it
 * glues a flight into one oversized datagram and splits what arrives at the wrong places. */
#pragma once
#include "base/spans.h"
#include <openssl/bio.h>

#define DTLS_QUEUE_MAX 16384 /* bytes of one flight that wait for dtls_output; more is dropped */

struct datagram_queue {
    struct bytes in; /* the datagram being given to OpenSSL, empty after it was read */
    uint8_t *out;    /* size (2 bytes), datagram, …; NULL while empty */
    size_t out_size, out_read;
};

/* One method for all; freed with BIO_meth_free. NULL without memory. */
BIO_METHOD *datagram_bio_method(void);

/* A BIO over `queue`, which must outlive it. NULL without memory. */
BIO *datagram_bio_new(const BIO_METHOD *method, struct datagram_queue *queue);

/* Adds a datagram to send. False when it was dropped. */
bool datagram_queue_put(struct datagram_queue *q, struct bytes datagram);

/* The next datagram's size, 0 when there is none, -ENOSPC when it does not fit (it stays). */
int datagram_queue_take(struct datagram_queue *q, struct room room);

void datagram_queue_clear(struct datagram_queue *q);
