#include "app/tree.h"

#include <ftw.h>
#include <stdio.h>

#define TREE_FDS 16

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk) {
    (void)st;
    (void)type;
    (void)walk;
    remove(path);
    return 0;
}

void tree_remove(const char *path) {
    nftw(path, remove_one, TREE_FDS, FTW_DEPTH | FTW_PHYS);
}
