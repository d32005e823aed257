/* The answer on its way to lws, piece by piece. */
#include "signal/http_parts.h"
#include "signal/problem.h"
#include "signal/routes.h"
#include "signal/state.h"

#include <stdlib.h>
#include <unistd.h>

const char http_security_headers[] = "x-content-type-options: nosniff\r\n"
                                     "referrer-policy: no-referrer\r\n"
                                     "cross-origin-opener-policy: same-origin\r\n"
                                     "permissions-policy: camera=(self), microphone=(self), "
                                     "display-capture=(self), xr-spatial-tracking=(self), "
                                     "accelerometer=(self), gyroscope=(self), "
                                     "geolocation=(), payment=(), usb=()\r\n";

static bool has_no_body(int status) {
    return status == 204 || status == 304;
}

static void head_text(struct exchange *x, struct text *t) {
    text_addf(t, "HTTP/1.1 %d %s\r\n", x->status, http_status_text(x->status));
    text_addf(t, "%s", http_security_headers);
    if (x->request.secure) {
        text_add(t, "strict-transport-security: max-age=31536000\r\n");
    }
    if (x->route != NULL && (x->route->flags & ROUTE_CORS) != 0) {
        text_add(t, "access-control-allow-origin: *\r\n"
                    "access-control-expose-headers: Location, ETag, Link, Accept-Patch, "
                    "Retry-After, Accept-Ranges, Content-Range\r\n");
    }
    if (x->head.n > 0) {
        text_add_bytes(t, x->head.p, x->head.n);
    }
    if (!x->streaming && !has_no_body(x->status)) {
        text_addf(t, "content-length: %llu\r\n",
                  (unsigned long long)(x->fd >= 0 ? x->fd_left : x->out_n));
    }
    if (x->close_after) {
        text_add(t, "connection: close\r\n");
    }
    text_add(t, "\r\n");
}

int http_write_piece(struct exchange *x, const void *p, size_t n) {
    uint8_t *buffer = malloc(LWS_PRE + n);

    if (buffer == NULL) {
        return -1;
    }
    memcpy(buffer + LWS_PRE, p, n);
    int written = lws_write(x->wsi, buffer + LWS_PRE, n, LWS_WRITE_HTTP);
    free(buffer);
    if (x->deadline != USEC_NEVER) {
        x->deadline = clock_now() + HTTP_SEND_TIME;
    }
    return written < 0 ? -1 : 0;
}

static int write_head(struct exchange *x) {
    struct text t = {0};

    head_text(x, &t);
    if (x->request.method == METHOD_HEAD || has_no_body(x->status)) {
        x->out_at = x->out_n;
        x->fd_left = 0;
        x->streaming = false;
    } else if (x->out_n <= HTTP_PIECE) {
        text_add_bytes(&t, x->out, x->out_n);
        x->out_at = x->out_n;
    }
    int r = t.failed || x->head.failed ? -1 : http_write_piece(x, t.p, t.n);
    text_clear(&t);
    x->head_sent = true;
    int class = x->status / 100;
    x->signal->counters.responses[class <= 5 ? class : 5]++;
    return r;
}

static int write_file(struct exchange *x) {
    static uint8_t buffer[LWS_PRE + HTTP_PIECE]; /* the control thread's */
    size_t want = x->fd_left < HTTP_PIECE ? (size_t)x->fd_left : HTTP_PIECE;
    ssize_t n = pread(x->fd, buffer + LWS_PRE, want, (off_t)x->fd_at);

    if (n <= 0) { /* it shrank under our hands: the client sees a short answer */
        return -1;
    }
    x->fd_at += (uint64_t)n;
    x->fd_left -= (uint64_t)n;
    x->deadline = clock_now() + HTTP_SEND_TIME;
    return lws_write(x->wsi, buffer + LWS_PRE, (size_t)n, LWS_WRITE_HTTP) < 0 ? -1 : 0;
}

/* The answer is out. Negative closes the connection. */

int http_write_next(struct exchange *x) {
    if (!x->head_sent) {
        return write_head(x);
    }
    if (x->out_at < x->out_n) {
        size_t n = x->out_n - x->out_at < HTTP_PIECE ? x->out_n - x->out_at : HTTP_PIECE;
        if (http_write_piece(x, x->out + x->out_at, n) < 0) {
            return -1;
        }
        x->out_at += n;
    } else if (x->fd >= 0 && x->fd_left > 0) {
        return write_file(x);
    } else if (x->stream.n > 0) {
        size_t n = x->stream.n < HTTP_PIECE ? x->stream.n : HTTP_PIECE;
        if (http_write_piece(x, x->stream.p, n) < 0) {
            return -1;
        }
        text_drop(&x->stream, n);
    }
    return 0;
}

bool http_write_pending(const struct exchange *x) {
    return x->out_at < x->out_n || (x->fd >= 0 && x->fd_left > 0) || x->stream.n > 0;
}
