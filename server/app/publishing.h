/* app/publishing.h: a film becomes a published walkthrough, here and now: for `publish` and `demo`.
 */
#pragma once
#include "store/database.h"

struct publishing {
    const char *data;     /* data directory, exists */
    const char *pipeline; /* path of parlour-pipeline */
    const char *file;
    const char *captions, *captions_lang; /* WebVTT, NULL none */
    const char *chapters;                 /* JSON file of chapters, NULL none */
    bool unconfined;                      /* see the setting */
    const char *details;                  /* JSON object text for the row, NULL none */
    struct walkthrough_row *row; /* in: title, slug ("" = from the title), product; out: all */
};

/* 0, or −errno with a sentence for a marketer. Nothing is left behind on failure. On a terminal it
 * tells how far it is. */
int publish(struct database *db, const struct publishing *what, char ret_message[static 512]);
