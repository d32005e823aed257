#include "app/turn_secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_file(const char *path, char *ret, size_t n) {
    FILE *file = fopen(path, "re");
    if (!file) {
        return -errno;
    }
    const int r = fgets(ret, (int)n, file) ? 0 : ferror(file) ? -EIO : -ENODATA;
    fclose(file);
    return r;
}

int turn_secret_read(const struct config *c, char ret_secret[static TURN_SECRET_MAX],
                     char ret_reason[static CONFIG_REASON_MAX]) {
    const char *blanks = " \t\r\n";
    const char *given = getenv("PARLOUR_TURN_SECRET");
    char line[TURN_SECRET_MAX] = "";
    if (!c->turn_urls[0]) {
        ret_secret[0] = '\0';
        return 0;
    }
    if (c->turn_secret_file[0]) {
        const int r = read_file(c->turn_secret_file, line, sizeof(line));
        if (r < 0) {
            snprintf(ret_reason, CONFIG_REASON_MAX, "turn_secret_file %.300s cannot be read: %s.",
                     c->turn_secret_file, strerror(-r));
            return r;
        }
    } else if (given) {
        snprintf(line, sizeof(line), "%s", given);
    }
    const char *secret = line + strspn(line, blanks);
    const size_t n = strcspn(secret, blanks);
    if (n < TURN_SECRET_LEAST) {
        snprintf(ret_reason, CONFIG_REASON_MAX,
                 "turn_urls needs the secret of the TURN server, at least %d characters: set "
                 "turn_secret_file, or PARLOUR_TURN_SECRET in the environment.",
                 TURN_SECRET_LEAST);
        return -EINVAL;
    }
    memcpy(ret_secret, secret, n);
    ret_secret[n] = '\0';
    explicit_bzero(line, sizeof(line));
    return 0;
}
