/* signal/http_parts.h: what the files of the HTTP engine share: http.c (connections and their
 * life), http_read.c (lws's tokens → struct request), http_reply.c (what handlers answer),
 * http_write.c (the answer → lws). */
#pragma once
#include "signal/http.h"
#include "signal/lws.h"

#define HTTP_PIECE (64u * 1024) /* written at a time */
#define HTTP_SEND_TIME SEC(120) /* without any progress in reading our answer */

extern const char http_security_headers[]; /* on every answer */

/* False: without memory. */
bool http_read_request(struct signal *s, struct lws *wsi, const char *path, size_t path_n,
                       struct request *r);

/* Reading stops while an answer is awaited, and resumes to write it. */
void http_wait_quietly(struct exchange *x);
void http_want_to_write(struct exchange *x);

/* Writes the next piece of the answer; negative: the connection is of no more use. */
int http_write_next(struct exchange *x);
bool http_write_pending(const struct exchange *x);
int http_write_piece(struct exchange *x, const void *p, size_t n);
