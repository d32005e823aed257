/* store/database.h: one SQLite connection and every operation on it, blocking. Used directly by the
 * command line and by tests; the server goes through store/store.h, which runs the same operations
 * on its own threads. Several processes may have the same file open (WAL, busy timeout 10 s).
 *
 * Operations return 0 or −errno and have committed when they return (synchronous=FULL: also against
 * loss of power). Common errors: -EIO (the database said no; the reason is logged), -ENOSPC (disk
 * full or a limit reached), -ENOENT (no such row), -EBUSY (another process held the lock for 10 s).
 * Lists are allocated; free them with x_list_clear. */
#pragma once
#include "store/rows.h"

struct database;

struct database_limits { /* rows; 0: unlimited */
    size_t users, tokens, products, visits, invites_per_visit, walkthroughs, sources, slides;
    size_t film_questions;   /* of one walkthrough */
    unsigned login_failures; /* of one e-mail address in 15 minutes, then -EAGAIN; 0: 8 */
    unsigned session_days;   /* 0: 14 */
};

/* Opens (and creates and migrates) DIR/parlour.db. The directory is made with mode 0700 when
 * missing. -EACCES or -EROFS when the directory cannot be written, -EPROTO when the file was
 * written by a newer version. */
int database_open(const char *dir, const struct database_limits *limits, struct database **ret);
void database_close(struct database *db); /* NULL is fine */

/* Tests only: the clock stands at `unix_seconds` (0: real time). */
void database_set_clock(struct database *db, int64_t unix_seconds);

/* Name, argument, thread, clean-up of what the operation allocated in the argument. */
#define STORE_OPERATIONS(X)                                                                        \
    X(users_add, struct user_add, PASSWORDS, NULL)                                                 \
    X(users_find, struct user_row, DATA, NULL)                                                     \
    X(users_list, struct user_list, DATA, user_list_clear)                                         \
    X(logins_try, struct login, PASSWORDS, NULL)                                                   \
    X(codes_create, struct sign_in_code, DATA, NULL)                                               \
    X(codes_redeem, struct sign_in_code, DATA, NULL)                                               \
    X(sessions_end, struct session_end, DATA, NULL)                                                \
    X(tokens_create, struct api_token, DATA, NULL)                                                 \
    X(credentials_find, struct credential, DATA, NULL)                                             \
    X(products_create, struct product_row, DATA, NULL)                                             \
    X(products_get, struct product_row, DATA, NULL)                                                \
    X(products_change, struct product_row, DATA, NULL)                                             \
    X(products_delete, struct row_id, DATA, NULL)                                                  \
    X(products_list, struct product_list, DATA, product_list_clear)                                \
    X(visits_create, struct visit_row, DATA, NULL)                                                 \
    X(visits_get, struct visit_row, DATA, NULL)                                                    \
    X(visits_change, struct visit_row, DATA, NULL)                                                 \
    X(visits_progress, struct visit_progress, DATA, NULL)                                          \
    X(visits_delete, struct row_id, DATA, NULL)                                                    \
    X(visits_list, struct visit_list, DATA, visit_list_clear)                                      \
    X(invites_create, struct invite_row, DATA, NULL)                                               \
    X(invites_list, struct invite_list, DATA, invite_list_clear)                                   \
    X(invites_revoke, struct invite_row, DATA, NULL)                                               \
    X(invites_open, struct invite_open, DATA, NULL)                                                \
    X(invites_check, struct invite_row, DATA, NULL)                                                \
    X(walkthroughs_create, struct walkthrough_row, DATA, NULL)                                     \
    X(walkthroughs_get, struct walkthrough_row, DATA, NULL)                                        \
    X(walkthroughs_change, struct walkthrough_row, DATA, NULL)                                     \
    X(walkthroughs_delete, struct walkthrough_row, DATA, NULL)                                     \
    X(walkthroughs_list, struct walkthrough_list, DATA, walkthrough_list_clear)                    \
    X(film_questions_create, struct film_question_row, DATA, NULL)                                 \
    X(film_questions_get, struct film_question_row, DATA, NULL)                                    \
    X(film_questions_change, struct film_question_row, DATA, NULL)                                 \
    X(film_questions_delete, struct film_question_row, DATA, NULL)                                 \
    X(film_questions_list, struct film_question_list, DATA, film_question_list_clear)              \
    X(sources_create, struct source_row, DATA, NULL)                                               \
    X(sources_get, struct source_row, DATA, NULL)                                                  \
    X(sources_change, struct source_row, DATA, NULL)                                               \
    X(sources_delete, struct source_row, DATA, NULL)                                               \
    X(sources_list, struct source_list, DATA, source_list_clear)                                   \
    X(slides_create, struct slides_row, DATA, NULL)                                                \
    X(slides_get, struct slides_row, DATA, NULL)                                                   \
    X(slides_change, struct slides_row, DATA, NULL)                                                \
    X(slides_delete, struct slides_row, DATA, NULL)                                                \
    X(slides_list, struct slides_list, DATA, slides_list_clear)

/* What each needs and gives:
 * users_add            user.email, name, role, password → user.id. -EEXIST, -EINVAL (no address).
 * users_find           id, or else email → the row.
 * logins_try           -EACCES wrong address or password; -EAGAIN too many failures (retry_after).
 * codes_create         -ENOENT no such user. Works once, until its lifetime is over.
 * codes_redeem         -EACCES unknown, used or too old.
 * sessions_end         0 also when there was none.
 * credentials_find     -ENOENT unknown, -EKEYREVOKED, -EKEYEXPIRED. An invite of an ended visit is
 *                      still found: the caller looks at the visit.
 * products_change      writes `fields`, then gives the whole row. Likewise visits_, walkthroughs_.
 *                      -ESTALE when the row has another version by now.
 * visits_change        -EINVAL when a product does not exist (likewise visits_create).
 * visits_progress      -EPERM when it would leave `ended`; going back to an earlier state is
 *                      ignored.
 * visits_delete        with its invites.
 * invites_create       -ENOENT no such visit, -EPERM it has ended.
 * invites_revoke       id and visit → the row. Works at once: nothing caches invites.
 * invites_open         -ENOENT unknown, -EKEYREVOKED, -EKEYEXPIRED.
 * invites_check        likewise by id and visit; tells no more than the answer.
 * walkthroughs_create  → id, slug. state as given (compiling). -EEXIST: the visit has a replay.
 * walkthroughs_get     id, or else slug, or else visit → the row.
 * walkthroughs_change  an OUTCOME without SOURCE is that of `source`: -ENOENT also when the row has
 *                      another by now.
 * walkthroughs_delete  id → the row as it was. Likewise sources_, slides_.
 * film_questions_create  → id, token. -ENOSPC: the walkthrough has as many as it may.
 * film_questions_delete  -ENOENT also for a wrong token.
 * sources_create       → id, stream_key, port. -ENOSPC also when no SRT port is left.
 */
#define STORE_DECLARE(name, type, lane, clear) int name(struct database *db, type *argument);
STORE_OPERATIONS(STORE_DECLARE)
#undef STORE_DECLARE

void user_list_clear(void *list);          /* struct user_list */
void product_list_clear(void *list);       /* struct product_list */
void visit_list_clear(void *list);         /* struct visit_list */
void invite_list_clear(void *list);        /* struct invite_list */
void walkthrough_list_clear(void *list);   /* struct walkthrough_list */
void film_question_list_clear(void *list); /* struct film_question_list */
void source_list_clear(void *list);        /* struct source_list */
void slides_list_clear(void *list);        /* struct slides_list */
