/* store/visits.h: reading a visit's row, shared with invites.c. */
#pragma once
#include "store/sql.h"

/* Columns in the order of visit_row_read; VISIT_TABLES names visits as v. */
#define VISIT_COLUMNS                                                                              \
    "v.id, v.title, v.state, v.recording, v.starts_at, v.tz, coalesce(v.host, ''),"                \
    " coalesce(u.name, ''), v.stream_key, v.created_at, v.started_at, v.ended_at,"                 \
    " coalesce((SELECT group_concat(product, ',') FROM (SELECT product FROM visit_products p"      \
    " WHERE p.visit = v.id ORDER BY p.position)), ''),"                                            \
    " coalesce(w.slug, ''), coalesce(w.state, 0)"
#define VISIT_COLUMN_COUNT 15
#define VISIT_TABLES                                                                               \
    "visits v LEFT JOIN users u ON u.id = v.host LEFT JOIN walkthroughs w ON w.visit = v.id"

void visit_row_read(struct query *q, int first, struct visit_row *ret);
