#include "app/say.h"

#include "app/commands.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int fail(const char *format, ...) {
    char line[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(line, sizeof(line), format, ap);
    va_end(ap);
    fprintf(stderr, "parlour: %s\n", line);
    return EXIT_FAILED;
}

int fail_usage(const char *reason, const char *usage) {
    fprintf(stderr, "parlour: %s\n%s", reason, usage);
    return EXIT_USAGE;
}

int fail_store(int error, const char *dir) {
    switch (-error) {
    case EACCES:
    case EPERM:
    case EROFS:
        return fail("The data directory %s cannot be written; give this user the right to write "
                    "there (chown, chmod) or choose another with --data DIR.",
                    dir);
    case ENOENT:
        return fail("The data directory %s cannot be made, because the directory above it does not "
                    "exist; make that or choose another with --data DIR.",
                    dir);
    case ENOTDIR:
    case EEXIST:
        return fail("%s is no directory; choose another with --data DIR.", dir);
    case ENOSPC:
        return fail("The disk of %s is full; make room or choose another with --data DIR.", dir);
    case EPROTO:
        return fail("The database in %s was written by a newer parlour; run that one.", dir);
    case EBUSY:
        return fail("The database in %s is busy; try again.", dir);
    default:
        return fail("The database in %s cannot be used (%s); see parlour doctor.", dir,
                    strerror(-error));
    }
}
