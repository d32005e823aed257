/* An upload as container_check sees it before any decoder does. */
#include "input/container.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    struct failure failure = {0};
    const int fd = memfd_create("film", MFD_CLOEXEC);

    assert(fd >= 0);
    assert(write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const int r = container_check(path, &failure);
    /* Either fine, or a reason and a sentence. */
    assert(r == 0 ? failure.reason[0] == '\0' : failure.reason[0] != '\0');
    assert(r == 0 || failure.message[strlen(failure.message) - 1] == '.');
    close(fd);
    return 0;
}
