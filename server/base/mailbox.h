/* base/mailbox.h: a bounded queue of fixed-size values from any thread to one reader. Ownership of
 * anything a value points to moves with it. The reader sleeps on `mailbox_fd` or is woken by the
 * writer's own means (lws_cancel_service). */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct mailbox;

/* `size` bytes a value, `capacity` values. NULL without memory. */
struct mailbox *mailbox_new(size_t size, size_t capacity);
void mailbox_free(struct mailbox *m); /* NULL is fine; values left inside are not looked at */

/* 0, or -ENOBUFS when full (the value stays with the caller). Any thread. */
int mailbox_post(struct mailbox *m, const void *value);

/* As mailbox_post, but also -ENOBUFS when fewer than `keep` places would be left: for what may be
 * refused, so that there is always room for what may not. */
int mailbox_post_keeping(struct mailbox *m, const void *value, size_t keep);

/* True and the oldest value, or false when empty. Reader thread only. */
bool mailbox_take(struct mailbox *m, void *ret_value);

/* Readable while values may be waiting (an eventfd); mailbox_drained re-arms it. */
int mailbox_fd(const struct mailbox *m);

/* Clears the eventfd. Call it before taking values, so that no post is missed. */
void mailbox_drained(struct mailbox *m);

/* Makes mailbox_fd readable without a value. Any thread. */
void mailbox_wake(struct mailbox *m);
