/* media/presentation_files.h: opens presentation directories and maps their packet files; cursors
 * of one media thread share a mapping. Reading the few small manifests is the one blocking thing a
 * media thread does, at the opening of a playing session. */
#pragma once
#include "routing/presentation.h"

struct presentation_files {
    struct presentation_file *first; /* linked; each counts its users */
};

/* The presentation in `directory`, mapped now or shared with those who have it open; a directory
 * that was replaced meanwhile is opened anew. 0, -ENOENT, -EBADMSG (damaged), -ENOMEM, or −errno of
 * the file system. */
int presentation_files_open(struct presentation_files *files, const char *directory,
                            const struct presentation **ret);

/* Gives back what was opened; NULL is fine. The mapping goes with its last user. */
void presentation_files_close(struct presentation_files *files, const struct presentation *p);

void presentation_files_clear(struct presentation_files *files);
