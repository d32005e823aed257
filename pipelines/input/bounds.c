#include "input/bounds.h"

int bounds_check_picture(unsigned width, unsigned height, struct failure *failure) {
    if (width <= BOUNDS_SIDE_MAX && height <= BOUNDS_SIDE_MAX &&
        (unsigned long long)width * height <= BOUNDS_AREA_MAX) {
        return 0;
    }
    return failure_set(
        failure, "too_big",
        "The picture is too large (%u by %u pixels); 8192 by 4608 is the most. Export "
        "it smaller, then upload that.",
        width, height);
}

int bounds_check_length(double seconds, struct failure *failure) {
    if (seconds <= BOUNDS_HOURS_MAX * 3600.0) {
        return 0;
    }
    return failure_set(
        failure, "too_long",
        "The film says that it lasts more than %d hours. Cut it into parts, or export "
        "it again if that is wrong.",
        BOUNDS_HOURS_MAX);
}
