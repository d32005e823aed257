#include "store_test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct database_limits limits = {.users = 5,
                                              .tokens = 3,
                                              .products = 20,
                                              .visits = 20,
                                              .invites_per_visit = 3,
                                              .walkthroughs = 20,
                                              .sources = 4,
                                              .slides = 3,
                                              .login_failures = 3};

int store_test_setup(void **state) {
    struct store_test *t = calloc(1, sizeof(*t));
    if (!t) {
        return -1;
    }
    strcpy(t->dir, "/tmp/parlour-store-XXXXXX");
    *state = t;
    return mkdtemp(t->dir) ? database_open(t->dir, &limits, &t->db) : -1;
}

void store_test_remove(const char *dir) {
    DIR *d = opendir(dir);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        unlink(path);
    }
    if (d) {
        closedir(d);
    }
    rmdir(dir);
}

int store_test_teardown(void **state) {
    struct store_test *t = *state;
    database_close(t->db);
    store_test_remove(t->dir);
    free(t);
    return 0;
}
