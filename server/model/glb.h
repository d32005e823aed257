/* model/glb.h: reads a binary glTF 2.0 file (.glb) strictly: whatever a page or a phone will be
 * given has been looked at to its last index. Refused, each in words: what leads outside of the
 * file, compressed geometry, skeletons, more than a phone can show. Animations and morph targets
 * are passed over. Pure. */
#pragma once
#include "model/model.h"

#define GLB_JSON_MAX (4u * 1024 * 1024)

/* The scene's triangles with all transforms applied. `file` must outlive the model: pictures lie in
 * it. 0, -EBADMSG with the reason as a sentence in `ret_words`, or -ENOMEM. */
int glb_read(struct bytes file, struct model **ret, char ret_words[static MODEL_WORDS_MAX]);
