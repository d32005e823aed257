#include "samples.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void samples_add(struct samples *s, double value) {
    if (s->count == s->room) {
        size_t room = s->room == 0 ? 4096 : s->room * 2;
        double *values = realloc(s->values, room * sizeof *values);
        if (values == NULL) {
            return;
        }
        s->values = values;
        s->room = room;
    }
    s->values[s->count++] = value;
}

void samples_reset(struct samples *s) {
    s->count = 0;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double samples_percentile(struct samples *s, double share) {
    if (s->count == 0) {
        return -1;
    }
    qsort(s->values, s->count, sizeof *s->values, compare);
    size_t at = (size_t)(share * (double)s->count);
    return s->values[at < s->count ? at : s->count - 1];
}

/* Sum of the fields of /proc/stat's line for one core that are not idle. */
static double core_busy(int core) {
    char line[512], name[16];
    double busy = 0;
    FILE *f = fopen("/proc/stat", "r");
    snprintf(name, sizeof name, "cpu%d ", core);
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        unsigned long v[8];
        if (strncmp(line, name, strlen(name)) == 0 &&
            sscanf(line, "%*s %lu %lu %lu %lu %lu %lu %lu %lu", &v[0], &v[1], &v[2], &v[3], &v[4],
                   &v[5], &v[6], &v[7]) == 8) {
            busy = (double)(v[0] + v[1] + v[2] + v[5] + v[6]);
        }
    }
    if (f != NULL) {
        fclose(f);
    }
    return busy / (double)sysconf(_SC_CLK_TCK);
}

static unsigned count_files(int pid) {
    char path[64];
    unsigned n = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *d = opendir(path);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        n += e->d_name[0] != '.';
    }
    if (d != NULL) {
        closedir(d);
    }
    return n;
}

int usage_read(int pid, int core, struct usage *ret) {
    char path[64], line[1024];
    unsigned long user, system, pages;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        return -ESRCH;
    }
    size_t n = fread(line, 1, sizeof line - 1, f);
    fclose(f);
    line[n] = '\0';
    const char *after = strrchr(line, ')');
    if (after == NULL || sscanf(after, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                                &user, &system) != 2) {
        return -ESRCH;
    }
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    f = fopen(path, "r");
    if (f == NULL) {
        return -ESRCH;
    }
    int fields = fscanf(f, "%*u %lu", &pages);
    fclose(f);
    if (fields != 1) {
        return -ESRCH;
    }
    ret->cpu = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    ret->rss = (double)pages * (double)sysconf(_SC_PAGESIZE);
    ret->core = core_busy(core);
    ret->files = count_files(pid);
    return 0;
}
