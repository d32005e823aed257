/* signal/decks.h: PDFs that become slides: their jobs, and what an outcome means for row and
 * files. The pages of a deck lie in DATA/slides/DIRECTORY with an index.json. */
#pragma once
#include "base/jobs.h"
#include "store/rows.h"

struct signal;

#define DECKS_FOLDER "slides"

int decks_new(struct signal *s);
void decks_free(struct signal *s);
/* At the start: what an earlier run left "compiling" starts again. */
void decks_resume(struct signal *s);

/* The row is stored as compiling. 0, -ENOSYS (no pipelines), -ENOBUFS, -ENOMEM. */
int decks_start(struct signal *s, const struct slides_row *row);
/* The row was deleted: its job ends without a trace. */
void decks_drop(struct signal *s, const char *slides);

void decks_count(const struct signal *s, size_t *running, size_t *waiting);
bool decks_job_event(struct signal *s, const struct job_event *e);
