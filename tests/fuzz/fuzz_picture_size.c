/* Picture sizes: the first byte chooses the codec; what is said is a size that a camera makes. */
#include <stdlib.h>

#include "wire/picture_size.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct picture_size said = {0};
    if (size > 0 &&
        picture_size_read((enum media_codec)(data[0] % CODEC_COUNT), bytes_of(data + 1, size - 1),
                          &said) &&
        (said.width == 0 || said.height == 0 || said.width > PICTURE_SIDE_MAX ||
         said.height > PICTURE_SIDE_MAX)) {
        abort();
    }
    return 0;
}
