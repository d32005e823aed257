#include "transport/dtls_bio.h"
#include "transport/dtls.h"

#include <errno.h>
#include <stdlib.h>

bool datagram_queue_put(struct datagram_queue *q, struct bytes datagram) {
    if (datagram.n == 0 || datagram.n > DTLS_MTU || q->out_size + 2 + datagram.n > DTLS_QUEUE_MAX) {
        return false;
    }
    uint8_t *grown = realloc(q->out, q->out_size + 2 + datagram.n);
    if (grown == NULL) {
        return false;
    }
    q->out = grown;
    write_be16(grown + q->out_size, (uint16_t)datagram.n);
    memcpy(grown + q->out_size + 2, datagram.p, datagram.n);
    q->out_size += 2 + datagram.n;
    return true;
}

int datagram_queue_take(struct datagram_queue *q, struct room room) {
    if (q->out_read == q->out_size) {
        return 0;
    }
    size_t n = read_be16(q->out + q->out_read);
    if (n > room.n) {
        return -ENOSPC;
    }
    memcpy(room.p, q->out + q->out_read + 2, n);
    q->out_read += 2 + n;
    if (q->out_read == q->out_size) {
        datagram_queue_clear(q);
    }
    return (int)n;
}

void datagram_queue_clear(struct datagram_queue *q) {
    free(q->out);
    q->out = NULL;
    q->out_size = q->out_read = 0;
}

static int bio_read(BIO *bio, char *buffer, int size) {
    struct datagram_queue *q = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (q->in.n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = q->in.n < (size_t)size ? q->in.n : (size_t)size; /* as recv: the rest is lost */
    memcpy(buffer, q->in.p, n);
    q->in = bytes_of(NULL, 0);
    return (int)n;
}

/* What does not fit is lost, as on the network; retransmission makes up for it. */
static int bio_write(BIO *bio, const char *buffer, int size) {
    BIO_clear_retry_flags(bio);
    if (size > 0) {
        datagram_queue_put(BIO_get_data(bio), bytes_of(buffer, (size_t)size));
    }
    return size;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
        return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return DTLS_MTU;
    default:
        return 0; /* among them DGRAM_GET_MTU_OVERHEAD: DTLS_MTU counts the UDP payload */
    }
}

static int bio_create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

BIO_METHOD *datagram_bio_method(void) {
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagram queue");
    if (m != NULL) {
        BIO_meth_set_read(m, bio_read);
        BIO_meth_set_write(m, bio_write);
        BIO_meth_set_ctrl(m, bio_ctrl);
        BIO_meth_set_create(m, bio_create);
    }
    return m;
}

BIO *datagram_bio_new(const BIO_METHOD *method, struct datagram_queue *queue) {
    BIO *bio = BIO_new(method);
    if (bio != NULL) {
        BIO_set_data(bio, queue);
    }
    return bio;
}
