#include "base/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
    pthread_mutex_t lock; /* held for one memcpy */
    int fd;
    size_t size, capacity, first, used;
    unsigned char values[];
};

struct mailbox *mailbox_new(size_t size, size_t capacity) {
    struct mailbox *m = calloc(1, sizeof(*m) + size * capacity);
    if (!m) {
        return NULL;
    }
    m->size = size;
    m->capacity = capacity;
    m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (m->fd < 0 || pthread_mutex_init(&m->lock, NULL) != 0) {
        if (m->fd >= 0) {
            close(m->fd);
        }
        free(m);
        return NULL;
    }
    return m;
}

void mailbox_free(struct mailbox *m) {
    if (!m) {
        return;
    }
    close(m->fd);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

void mailbox_wake(struct mailbox *m) {
    uint64_t one = 1;
    ssize_t ignored = write(m->fd, &one, sizeof(one));
    (void)ignored;
}

int mailbox_post(struct mailbox *m, const void *value) {
    return mailbox_post_keeping(m, value, 0);
}

int mailbox_post_keeping(struct mailbox *m, const void *value, size_t keep) {
    pthread_mutex_lock(&m->lock);
    if (m->used + keep >= m->capacity) {
        pthread_mutex_unlock(&m->lock);
        return -ENOBUFS;
    }
    size_t at = (m->first + m->used) % m->capacity;
    memcpy(m->values + at * m->size, value, m->size);
    m->used++;
    bool was_empty = m->used == 1;
    pthread_mutex_unlock(&m->lock);
    if (was_empty) {
        mailbox_wake(m);
    }
    return 0;
}

bool mailbox_take(struct mailbox *m, void *ret_value) {
    pthread_mutex_lock(&m->lock);
    if (m->used == 0) {
        pthread_mutex_unlock(&m->lock);
        return false;
    }
    memcpy(ret_value, m->values + m->first * m->size, m->size);
    m->first = (m->first + 1) % m->capacity;
    m->used--;
    pthread_mutex_unlock(&m->lock);
    return true;
}

int mailbox_fd(const struct mailbox *m) {
    return m->fd;
}

void mailbox_drained(struct mailbox *m) {
    uint64_t count;
    ssize_t ignored = read(m->fd, &count, sizeof(count));
    (void)ignored;
}
