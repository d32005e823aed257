#include "app/plugin_check.h"

#include "app/pipeline_child.h"
#include "wire/json.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MILLISECONDS 20000 /* the first run on a machine scans all plug-ins */

struct element {
    const char *name, *purpose, *package;
    bool present;
};

static bool read_element(const struct json *line, struct element *ret) {
    *ret = (struct element){.purpose = "", .package = ""};
    json_get_text(line, "purpose", &ret->purpose);
    json_get_text(line, "package", &ret->package);
    return json_get_text(line, "element", &ret->name) == 0 &&
           json_get_bool(line, "present", &ret->present) == 0;
}

static void count(struct plugin_check *check, const struct element *e) {
    if (e->present) {
        check->present++;
        return;
    }
    if (check->missing++ == 0) {
        snprintf(check->element, sizeof(check->element), "%s", e->name);
        snprintf(check->purpose, sizeof(check->purpose), "%s", e->purpose);
        snprintf(check->package, sizeof(check->package), "%s", e->package);
    }
}

static bool read_confinement(struct plugin_check *check, const struct json *line) {
    double landlock;
    bool seccomp;
    if (json_get_number(line, "landlock", &landlock) != 0 ||
        json_get_bool(line, "seccomp", &seccomp) != 0 || landlock < 0 || landlock > 1000) {
        return false;
    }
    check->confinement = true;
    check->landlock = (unsigned)landlock;
    check->seccomp = seccomp;
    return true;
}

bool plugin_check_line(struct plugin_check *check, struct bytes line) {
    struct json *object = NULL;
    struct element e;
    bool good = json_parse(line, PIPELINE_CHILD_LINE_MAX, &object) == 0;
    if (good && read_element(object, &e)) {
        count(check, &e);
    } else {
        good = good && read_confinement(check, object);
    }
    json_free(object);
    return good;
}

static void tell(struct bytes line, void (*each)(const char *, bool, const char *, const char *)) {
    struct json *object = NULL;
    struct element e;
    if (json_parse(line, PIPELINE_CHILD_LINE_MAX, &object) == 0 && read_element(object, &e)) {
        each(e.name, e.present, e.purpose, e.package);
    }
    json_free(object);
}

int plugin_check_run(const char *program, struct plugin_check *ret,
                     void (*each)(const char *element, bool present, const char *purpose,
                                  const char *package)) {
    const char *const arguments[] = {program, "doctor", NULL};
    struct plugin_check check = {0};
    struct pipeline_child child;
    struct bytes line;
    bool closed = false;
    if (access(program, X_OK) != 0) {
        return -errno;
    }
    const struct pipeline_start start = {.arguments = arguments, .fd = -1, .quiet = true};
    int error = pipeline_child_start(&child, &start);
    if (error) {
        return error;
    }
    while (!closed) {
        struct pollfd p = {.fd = child.output, .events = POLLIN};
        if (poll(&p, 1, WAIT_MILLISECONDS) == 0) {
            break;
        }
        while (pipeline_child_line(&child, &line, &closed)) {
            plugin_check_line(&check, line);
            if (each) {
                tell(line, each);
            }
        }
    }
    pipeline_child_clear(&child);
    if (check.present + check.missing == 0) {
        return -EIO;
    }
    *ret = check;
    return 0;
}
