#include "signal/api.h"
#include "signal/state.h"

#include <errno.h>

int upload_path(struct signal *s, const char *id, char *ret, size_t n) {
    (void)s, (void)id, (void)ret, (void)n;
    return -ENOENT;
}
void api_uploads_create(struct exchange *x) {
    reply_failure(x, -ENOENT, NULL);
}
void api_uploads_options(struct exchange *x) {
    reply_failure(x, -ENOENT, NULL);
}
void api_upload_head(struct exchange *x) {
    reply_failure(x, -ENOENT, NULL);
}
void api_upload_patch(struct exchange *x) {
    reply_failure(x, -ENOENT, NULL);
}
void api_upload_delete(struct exchange *x) {
    reply_failure(x, -ENOENT, NULL);
}
