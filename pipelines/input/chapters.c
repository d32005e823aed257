#include "input/chapters.h"

#include <stdio.h>

#define DEPTH_MAX 4

static void add(GList *entries, struct manifest *manifest, int depth) {
    for (GList *l = entries; l; l = l->next) {
        GstTocEntry *entry = l->data;
        gint64 start = 0, stop = 0;
        if (gst_toc_entry_get_entry_type(entry) == GST_TOC_ENTRY_TYPE_CHAPTER &&
            gst_toc_entry_get_start_stop_times(entry, &start, &stop) && start >= 0) {
            GstTagList *tags = gst_toc_entry_get_tags(entry);
            char *title = NULL, numbered[32];
            if (tags) {
                gst_tag_list_get_string(tags, GST_TAG_TITLE, &title);
            }
            snprintf(numbered, sizeof(numbered), "%zu", manifest->chapter_count + 1);
            manifest_add_chapter(manifest, (double)start / GST_SECOND,
                                 title && title[0] ? title : numbered);
            g_free(title);
        } else if (depth < DEPTH_MAX) { /* an edition holds chapters */
            add(gst_toc_entry_get_sub_entries(entry), manifest, depth + 1);
        }
    }
}

void chapters_from_toc(const GstToc *toc, struct manifest *manifest) {
    add(gst_toc_get_entries(toc), manifest, 0);
}
