/* signal/live_view.h: how the pictures and sounds of a visit travel now, for its staff: what media
 * says of each session and source, kept until they end. */
#pragma once
#include "media/media_api.h"

struct exchange;
struct json;
struct live;
struct signal;
struct text;

int live_view_new(struct signal *s);
void live_view_free(struct signal *s);

/* Every event passes here first. */
void live_view_media_event(struct signal *s, const struct media_event *e);

/* GET /api/v1/visits/{id}/live */
void api_visit_live(struct exchange *x);

/* Viewers now by their dots, for /metrics. */
void live_view_metrics(struct text *t, const struct signal *s);
