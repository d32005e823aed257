/* signal/presentation.h: what signal wants to know of a compiled walkthrough's directory: its
 * manifest. Small files, read when asked. */
#pragma once
#include "store/rows.h"
#include "visit/permission.h"

struct json;

/* The absolute path of the row's presentation. 0, -ENOENT (none yet), -ENAMETOOLONG. */
int presentation_path(const char *data_dir, const struct walkthrough_row *row, char *ret, size_t n);

/* Parses DIR/manifest.json. 0 or −errno; free with json_free. */
int presentation_manifest(const char *path, struct json **ret);

/* Its codecs as NEGOTIATION_CODEC bits. 0 or −errno. */
int presentation_codecs(const char *path, uint32_t *ret);

/* May `actor` know of it? Published ones are for everybody, the others for staff, and a replay for
 * the guests of its visit. */
bool presentation_may_know(const struct actor *actor, const struct walkthrough_row *row);
/* Likewise, and there is a film to see. */
bool presentation_visible(const struct actor *actor, const struct walkthrough_row *row);

/* What tells the row's present film from those before it: the end of its directory's name. */
const char *presentation_version(const struct walkthrough_row *row);

/* The path under which the file that the manifest names as `member` ("hls", "mp4", "storyboard") is
 * served: it holds the directory's version, so that what it leads to never changes. -ENOENT when
 * there is none. */
int presentation_url(const struct walkthrough_row *row, const struct json *manifest,
                     const char *member, char *ret, size_t n);

/* Where colour and matte are in the stacked pictures of a keyed film: the manifest's
 * `matte_layout`, or NULL when it is not keyed or a part lies outside of the picture. */
const struct json *presentation_matte(const struct json *manifest);

/* Removes the presentation that a row names, when it is one of DATA/presentations; "" is fine. Who
 * plays it keeps it mapped. */
void presentation_remove(const char *data_dir, const char *directory);

/* Likewise for one of DATA/FOLDER. */
void directory_remove(const char *data_dir, const char *folder, const char *directory);

/* Is `file` one that the manifest names, or one that a file it names leads to? */
bool presentation_serves(const struct json *manifest, const char *file);

/* May this be the name of a file in the directory? No slash, no leading dot. */
bool presentation_file_name(const char *name);

/* Has it this ending? What a process that read strangers' bytes has written is served as nothing
 * but what it should be. */
bool presentation_file_ends(const char *name, const char *ending);
