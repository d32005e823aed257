/* What lws has parsed becomes a struct request of our own, which outlives lws's header tables. */
#include "signal/http_parts.h"
#include "signal/quota.h"
#include "signal/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const struct {
    enum request_header header;
    int token;          /* lws's, or -1 */
    const char *custom; /* its name with a colon */
} header_sources[] = {
    {HEADER_HOST, WSI_TOKEN_HOST, NULL},
    {HEADER_ORIGIN, WSI_TOKEN_ORIGIN, NULL},
    {HEADER_AUTHORIZATION, WSI_TOKEN_HTTP_AUTHORIZATION, NULL},
    {HEADER_COOKIE, WSI_TOKEN_HTTP_COOKIE, NULL},
    {HEADER_CONTENT_TYPE, WSI_TOKEN_HTTP_CONTENT_TYPE, NULL},
    {HEADER_CONTENT_LENGTH, WSI_TOKEN_HTTP_CONTENT_LENGTH, NULL},
    {HEADER_TRANSFER_ENCODING, WSI_TOKEN_HTTP_TRANSFER_ENCODING, NULL},
    {HEADER_EXPECT, -1, "expect:"},
    {HEADER_IF_MATCH, WSI_TOKEN_HTTP_IF_MATCH, NULL},
    {HEADER_IF_NONE_MATCH, WSI_TOKEN_HTTP_IF_NONE_MATCH, NULL},
    {HEADER_RANGE, WSI_TOKEN_HTTP_RANGE, NULL},
    {HEADER_IF_RANGE, WSI_TOKEN_HTTP_IF_RANGE, NULL},
    {HEADER_FORWARDED_FOR, WSI_TOKEN_X_FORWARDED_FOR, NULL},
    {HEADER_FORWARDED_PROTO, -1, "x-forwarded-proto:"},
    {HEADER_LAST_EVENT_ID, -1, "last-event-id:"},
    {HEADER_TUS_RESUMABLE, -1, "tus-resumable:"},
    {HEADER_UPLOAD_LENGTH, -1, "upload-length:"},
    {HEADER_UPLOAD_OFFSET, -1, "upload-offset:"},
    {HEADER_UPLOAD_METADATA, -1, "upload-metadata:"},
    {HEADER_UPLOAD_CHECKSUM, -1, "upload-checksum:"},
};

/* The header as lws has it, malloc'd, or NULL. */
static char *header_copy(struct lws *wsi, int token, const char *custom) {
    int n = token >= 0 ? lws_hdr_total_length(wsi, (enum lws_token_indexes)token)
                       : lws_hdr_custom_length(wsi, custom, (int)strlen(custom));

    if (n < 0 || (token >= 0 && n == 0) || n > REQUEST_HEADER_MAX) {
        return NULL;
    }
    char *value = malloc((size_t)n + 2);
    if (value == NULL) {
        return NULL;
    }
    int got = token >= 0 ? lws_hdr_copy(wsi, value, n + 1, (enum lws_token_indexes)token)
                         : lws_hdr_custom_copy(wsi, value, n + 2, custom, (int)strlen(custom));
    if (got < 0) {
        free(value);
        return NULL;
    }
    value[n] = '\0';
    return value;
}

static enum http_method method_of(int lws_method) {
    switch (lws_method) {
    case LWSHUMETH_GET:
        return METHOD_GET;
    case LWSHUMETH_HEAD:
        return METHOD_HEAD;
    case LWSHUMETH_POST:
        return METHOD_POST;
    case LWSHUMETH_PUT:
        return METHOD_PUT;
    case LWSHUMETH_PATCH:
        return METHOD_PATCH;
    case LWSHUMETH_DELETE:
        return METHOD_DELETE;
    case LWSHUMETH_OPTIONS:
        return METHOD_OPTIONS;
    }
    return 0;
}

static void read_query(struct lws *wsi, struct request *r) {
    char argument[REQUEST_HEADER_MAX];

    for (int i = 0; r->query_count < REQUEST_QUERY_MAX; i++) {
        int n = lws_hdr_copy_fragment(wsi, argument, sizeof argument, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (n < 0) {
            return;
        }
        argument[n < (int)sizeof argument ? n : (int)sizeof argument - 1] = '\0';
        r->query[r->query_count] = strdup(argument);
        if (r->query[r->query_count] != NULL) {
            r->query_count++;
        }
    }
}

static void read_peer(struct signal *s, struct lws *wsi, struct request *r) {
    r->secure = lws_is_ssl(wsi) != 0;
    quota_peer(lws_get_socket_fd(wsi), &r->peer);
    if (s->config->trust_proxy) {
        const char *list = request_header(r, HEADER_FORWARDED_FOR);
        const char *last = strrchr(list, ',');
        last = last != NULL ? last + 1 : list;
        last += strspn(last, " ");
        address_parse(last, 0, &r->peer);
        r->secure |= strcmp(request_header(r, HEADER_FORWARDED_PROTO), "https") == 0;
    }
}

/* False: without memory. */
bool http_read_request(struct signal *s, struct lws *wsi, const char *path, size_t path_n,
                       struct request *r) {
    char *uri = NULL;
    int uri_n = 0;

    r->method = method_of(lws_http_get_uri_and_method(wsi, &uri, &uri_n));
    r->path = strndup(path, path_n);
    for (size_t i = 0; i < sizeof header_sources / sizeof *header_sources; i++) {
        r->headers[header_sources[i].header] =
            header_copy(wsi, header_sources[i].token, header_sources[i].custom);
    }
    read_query(wsi, r);
    read_peer(s, wsi, r);
    return r->path != NULL;
}
