/* Gives every file of the named directories to the fuzz target once: a corpus as a test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0) {
        fprintf(stderr, "cannot read %s\n", path);
        return 1;
    }
    long end = ftell(f);
    size_t size = end > 0 ? (size_t)end : 0;
    uint8_t *data = malloc(size ? size : 1); /* exactly as long as the input, for the sanitizer */
    rewind(f);
    if (!data || fread(data, 1, size, f) != size) {
        fprintf(stderr, "cannot read %s\n", path);
        free(data);
        fclose(f);
        return 1;
    }
    fclose(f);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

/* The number of files, or -1. */
static int replay_directory(const char *path) {
    DIR *d = opendir(path);
    struct dirent *entry;
    int count = 0, failures = 0;
    if (!d) {
        fprintf(stderr, "cannot open %s\n", path);
        return -1;
    }
    while ((entry = readdir(d))) {
        char file[1024];
        struct stat st;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (stat(file, &st) == 0 && S_ISREG(st.st_mode)) {
            failures += replay_file(file);
            count++;
        }
    }
    closedir(d);
    return failures ? -1 : count;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        int count = replay_directory(argv[i]);
        if (count <= 0) {
            fprintf(stderr, "%s: nothing to replay\n", argv[i]);
            return 1;
        }
        printf("%s: %d inputs\n", argv[i], count);
    }
    return 0;
}
