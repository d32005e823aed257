/* signal/api.h: the handlers of /api/v1 and the pages, for the table in routes.c. A file per
 * resource: api_NAME.c. */
#pragma once
#include "signal/http.h"

struct json;
struct product_row;
struct visit_row;
struct walkthrough_row;

/* api_staff.c */
void api_login(struct exchange *x);
void api_logout(struct exchange *x);
void api_me(struct exchange *x);
void page_signin(struct exchange *x);

/* api_products.c */
void api_products_list(struct exchange *x);
void api_products_create(struct exchange *x);
void api_product_get(struct exchange *x);
void api_product_change(struct exchange *x);
void api_product_delete(struct exchange *x);

/* api_product_files.c */
void api_product_model_put(struct exchange *x);
void api_product_model_delete(struct exchange *x);
void api_product_images_create(struct exchange *x);
void api_product_image_delete(struct exchange *x);
void product_file(struct exchange *x);
void product_usdz(struct exchange *x);

/* api_film_questions.c */
void film_questions_answered(struct exchange *x);
void film_questions_ask(struct exchange *x);
void film_question_take_back(struct exchange *x);
void api_film_questions_list(struct exchange *x);
void api_film_question_change(struct exchange *x);
void api_film_question_delete(struct exchange *x);
void api_film_question_clip(struct exchange *x);

/* api_visits.c */
void api_visits_list(struct exchange *x);
void api_visits_create(struct exchange *x);
void api_visit_get(struct exchange *x);
void api_visit_change(struct exchange *x);
void api_visit_start(struct exchange *x);
void api_visit_end(struct exchange *x);

/* api_feeds.c */
void api_feeds_create(struct exchange *x);
void api_feed_delete(struct exchange *x);

/* api_sources.c */
void api_sources_list(struct exchange *x);
void api_sources_create(struct exchange *x);
void api_source_get(struct exchange *x);
void api_source_change(struct exchange *x);
void api_source_delete(struct exchange *x);

/* api_slides.c */
void api_slides_list(struct exchange *x);
void api_slides_create(struct exchange *x);
void api_slides_get(struct exchange *x);
void api_slides_delete(struct exchange *x);
void api_slides_file(struct exchange *x);

/* api_replays.c */
void api_visit_delete(struct exchange *x);
void api_visit_replay(struct exchange *x);
void api_recording_consent(struct exchange *x);

/* api_invites.c */
void api_invites_list(struct exchange *x);
void api_invites_create(struct exchange *x);
void api_invite_delete(struct exchange *x);
void api_invite_calendar(struct exchange *x);
void api_invite_qr(struct exchange *x);

/* api_walkthroughs.c */
void api_walkthroughs_list(struct exchange *x);
void api_walkthroughs_create(struct exchange *x);
void api_walkthrough_get(struct exchange *x);
void api_walkthrough_change(struct exchange *x);
void api_walkthrough_delete(struct exchange *x);
void api_walkthrough_cancel(struct exchange *x);
void api_walkthrough_retry(struct exchange *x);

/* api_uploads.c: tus 1.0.0 */
void api_uploads_create(struct exchange *x);
void api_uploads_options(struct exchange *x);
void api_upload_head(struct exchange *x);
void api_upload_patch(struct exchange *x);
void api_upload_delete(struct exchange *x);
/* A finished upload becomes a walkthrough's source: its path below the data directory
 * ("uploads/ID"). 0, -ENOENT (also when it was taken before), -EAGAIN (not complete). */
int upload_take(struct signal *s, const char *id, char *ret, size_t n);
void upload_give_back(struct signal *s, const char *source);
/* The file of a source ("uploads/ID" or an absolute path). 0 or -ENAMETOOLONG. */
int upload_path(const struct signal *s, const char *source, char *ret, size_t n);
/* The “upload” field of a body becomes `ret`: whoever does not store it gives it back. False:
 * answered. */
bool upload_read(struct exchange *x, const struct json *body, char *ret, size_t n, bool required,
                 bool *ret_given);
/* Removes the file of such a source; any other path is left alone. */
void upload_remove(struct signal *s, const char *source);
/* Removes what was given up, once an hour. */
void uploads_tick(struct signal *s, usec_t now);
/* At the start: what was taken and is no longer `wanted` goes. */
void uploads_settle(struct signal *s, bool (*wanted)(void *ctx, const char *source), void *ctx);

/* api_health.c */
void api_healthz(struct exchange *x);
void api_readyz(struct exchange *x);
void api_metrics(struct exchange *x);

/* pages.c */
void page_console(struct exchange *x);
void page_check(struct exchange *x);
void page_visit(struct exchange *x);
void page_walkthrough(struct exchange *x);
void page_embed(struct exchange *x);
void page_asset(struct exchange *x);
void page_root_file(struct exchange *x);

/* film_files.c */
void film_poster(struct exchange *x);
void film_captions(struct exchange *x);
void film_file(struct exchange *x);
void film_file_version(struct exchange *x);

/* captions.c */
void api_captions_put(struct exchange *x);
void api_captions_delete(struct exchange *x);

/* Shared by files above. */
/* Starts the compile job of a row that is stored as compiling. */
void walkthrough_compile(struct exchange *x, struct walkthrough_row *row);
#define SESSION_PERMISSION_NONE (-1)
void set_session_cookie(struct exchange *x, const char *value, int64_t expires_at);
struct json *walkthrough_json(const struct exchange *x, const struct walkthrough_row *row,
                              bool whole);
struct json *visit_json(const struct exchange *x, const struct visit_row *row);
/* What guests may know of a product: its place in pages. */
struct json *product_card_json(const struct product_row *row);
/* Answers with the row and its ETag, or with what `result` says. */
void product_reply(struct exchange *x, int status, int result, const struct product_row *row);
/* Is it the version that If-Match names (or is there none)? */
bool product_match(const struct exchange *x, const struct product_row *row);
