/* signal/captions.h: captions that staff gave a walkthrough, one WebVTT file per language below
 * DATA/captions/WALKTHROUGH. They outlive the film that is replaced, and come before those that the
 * film brought itself. */
#pragma once
#include "store/rows.h"

struct json;
struct signal;

#define CAPTIONS_FOLDER "captions"
#define CAPTIONS_LANG_MAX 36 /* RFC 5646 §4.4.1, with the NUL */

/* Letters, digits and hyphens only, so also a safe name of a file. */
bool captions_lang_is_fine(const char *lang);

/* The path of the walkthrough's own captions; they may not be there. */
void captions_path(const struct signal *s, const char *walkthrough, const char *lang,
                   char ret[static STORE_PATH_MAX]);

/* All captions of a walkthrough as [{lang, label, url}]; `manifest` may be NULL. With an `invite`
 * (or NULL) the addresses carry it. */
struct json *captions_of(const struct signal *s, const struct walkthrough_row *w,
                         const struct json *manifest, const char *invite);

/* The row was deleted. */
void captions_forget(const struct signal *s, const char *walkthrough);

/* Is this a WebVTT file of Unicode text? */
bool captions_are_vtt(const char *text, size_t n);
