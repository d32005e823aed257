#include "signal/product_files.h"
#include "base/random.h"
#include "signal/api.h"
#include "signal/presentation.h"
#include "signal/state.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define VERSION_LENGTH 12
#define SETTLING (10 * 60) /* seconds in which a file may wait for its row in the store */

static bool is_id(const char *id) {
    size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    return n > 0 && id[n] == '\0';
}

bool product_path(const struct signal *s, const char *id, const char *name,
                  char ret[static PRODUCT_PATH_MAX]) {
    return is_id(id) && (name[0] == '\0' || presentation_file_name(name)) &&
           snprintf(ret, PRODUCT_PATH_MAX, "%s/products/%s/%s", s->config->data_dir, id, name) <
               PRODUCT_PATH_MAX;
}

bool product_file_is_served(const char *name) {
    bool model = strncmp(name, "model-", 6) == 0 && presentation_file_ends(name, ".glb");
    bool image = strncmp(name, "image-", 6) == 0 &&
                 (presentation_file_ends(name, ".png") || presentation_file_ends(name, ".jpg") ||
                  presentation_file_ends(name, ".webp"));

    return presentation_file_name(name) && (model || image);
}

int product_file_take(struct signal *s, const char *id, const char *source, const char *kind,
                      const char *ending, char ret_name[static PRODUCT_FILE_MAX]) {
    char from[PRODUCT_PATH_MAX], to[PRODUCT_PATH_MAX], version[VERSION_LENGTH + 1];

    random_text(version, VERSION_LENGTH);
    snprintf(ret_name, PRODUCT_FILE_MAX, "%.8s-%s.%.8s", kind, version, ending);
    snprintf(to, sizeof to, "%.600s/products", s->config->data_dir);
    mkdir(to, 0700);
    if (!product_path(s, id, "", to) || (mkdir(to, 0700) < 0 && errno != EEXIST)) {
        return errno != 0 ? -errno : -EINVAL;
    }
    if (!product_path(s, id, ret_name, to) || upload_path(s, source, from, sizeof from) < 0) {
        return -ENAMETOOLONG;
    }
    if (rename(from, to) < 0) {
        return -errno;
    }
    upload_remove(s, source); /* the note beside it */
    return 0;
}

void product_file_remove(const struct signal *s, const char *id, const char *name) {
    char path[PRODUCT_PATH_MAX];

    if (name[0] != '\0' && product_path(s, id, name, path)) {
        unlink(path);
    }
}

void product_ar_name(const struct product_row *p, char ret[static PRODUCT_FILE_MAX]) {
    bool sized = p->width > 0 || p->height > 0 || p->depth > 0;
    const char *model = p->model[0] != '\0' ? strchr(p->model, '-') : NULL;

    ret[0] = '\0';
    if (model != NULL || sized) {
        snprintf(ret, PRODUCT_FILE_MAX, "ar-%.12s-%.1fx%.1fx%.1f.usdz",
                 model != NULL ? model + 1 : "box", p->width, p->height, p->depth);
    }
}

void product_tidy(const struct signal *s, const struct product_row *p) {
    char path[PRODUCT_PATH_MAX], ar[PRODUCT_FILE_MAX];
    struct dirent *entry;
    struct stat st;

    product_ar_name(p, ar);
    DIR *dir = product_path(s, p->id, "", path) ? opendir(path) : NULL;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;
        bool named = strcmp(name, p->model) == 0 || strcmp(name, ar) == 0 ||
                     strstr(p->details, name) != NULL;
        if (name[0] != '.' && !named && product_path(s, p->id, name, path) &&
            stat(path, &st) == 0 && time(NULL) - st.st_ctime > SETTLING) {
            unlink(path);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}
