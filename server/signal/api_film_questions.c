/* Ask the recorded person: anybody who may see a walkthrough asks at a second of it; staff answer
 * later, in words or by a clip, which is a walkthrough of its own; what is answered is shown to the
 * next viewer at that second. The asker holds a token, with which the question can be taken back.
 */
#include "signal/api.h"
#include "signal/fields.h"
#include "signal/presentation.h"
#include "signal/quota.h"
#include "signal/state.h"
#include "visit/questions.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NO_QUESTION "There is no such question."
#define NO_FILM "There is no such walkthrough."
#define NAME_CHARACTERS_MAX 60
#define CLIP_TITLE_MAX 80 /* bytes of the question that name its clip */

/* ---- for viewers ---- */

static size_t characters(const char *text) {
    size_t n = 0;

    for (; *text != '\0'; text++) {
        n += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return n;
}

/* A line that can be shown anywhere: control characters become spaces, none at the ends. */
static void tidy(char *text) {
    size_t n = strlen(text);

    for (char *p = text; *p != '\0'; p++) {
        *p = (unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p;
    }
    while (n > 0 && text[n - 1] == ' ') {
        text[--n] = '\0';
    }
    size_t leading = strspn(text, " ");
    memmove(text, text + leading, n - leading + 1);
}

static void put_answer(struct json *o, const struct film_question_row *q) {
    struct json *answer = json_new_object(), *clip = NULL;

    json_put_text(answer, "words", q->words[0] != '\0' ? q->words : NULL);
    if (q->clip_plays) {
        clip = json_new_object();
        json_put_text(clip, "slug", q->clip_slug);
    }
    json_put(answer, "clip", clip);
    put_time(answer, "at", q->answered_at);
    json_put(o, "answer", answer);
}

static void answers_listed(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct film_question_list *list = argument;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NULL);
        return;
    }
    struct json *items = json_new_list();
    for (size_t i = 0; i < list->count; i++) {
        const struct film_question_row *q = &list->rows[i];
        struct json *o = json_new_object();
        json_put_text(o, "id", q->id);
        json_put_number(o, "t", q->t);
        json_put_text(o, "text", q->text);
        json_put_text(o, "name", q->name);
        put_answer(o, q);
        json_add(items, o);
    }
    reply_header(x, "cache-control", "no-store");
    reply_json(x, 200, items);
}

static void answers_of(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_row *w = argument;
    struct film_question_list list = {.answered_only = true};

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0 || !presentation_visible(&x->actor, w)) {
        reply_failure(x, result < 0 ? result : -ENOENT, NO_FILM);
        return;
    }
    memcpy(list.walkthrough, w->id, sizeof list.walkthrough);
    EXCHANGE_STORE(x, film_questions_list, &list, answers_listed);
}

static void find_film(struct exchange *x, store_done *done) {
    struct walkthrough_row w = {0};

    snprintf(w.slug, sizeof w.slug, "%.*s", (int)sizeof w.slug - 1, x->request.params[0]);
    EXCHANGE_STORE(x, walkthroughs_get, &w, done);
}

void film_questions_answered(struct exchange *x) {
    find_film(x, answers_of);
}

static void asked(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct film_question_row *q = argument;

    if (!exchange_resume(x)) {
        return;
    }
    if (result == -ENOSPC) {
        x->signal->counters.questions_refused++;
        reply_problem(x, 429, "too-many-questions",
                      "So many questions wait here that no more can be taken now.");
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NO_FILM);
        return;
    }
    x->signal->counters.questions_asked++;
    struct json *o = json_new_object();
    json_put_text(o, "id", q->id);
    json_put_text(o, "token", q->token);
    json_put_number(o, "t", q->t);
    json_put_text(o, "text", q->text);
    reply_header(x, "cache-control", "no-store");
    reply_json(x, 201, o);
}

static bool read_question(struct exchange *x, double duration, struct film_question_row *q) {
    if (json_get_number(x->json, "t", &q->t) < 0 || q->t < 0 || q->t > duration + 1) {
        reply_bad_field(x, "t", "“t” must be a second of the film.");
        return false;
    }
    if (!field_required(x, x->json, "text", q->text, sizeof q->text) ||
        !field_text(x, x->json, "name", q->name, sizeof q->name, NULL)) {
        return false;
    }
    tidy(q->text);
    tidy(q->name);
    if (q->text[0] == '\0' || characters(q->text) > QUESTION_CHARACTERS_MAX) {
        reply_bad_field(x, "text", "A question may have 1 to %d characters.",
                        QUESTION_CHARACTERS_MAX);
        return false;
    }
    if (characters(q->name) > NAME_CHARACTERS_MAX) {
        reply_bad_field(x, "name", "A name may have at most %d characters.", NAME_CHARACTERS_MAX);
        return false;
    }
    return true;
}

static void ask_now(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_row *w = argument;
    struct film_question_row q = {0};

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0 || !presentation_visible(&x->actor, w)) {
        reply_failure(x, result < 0 ? result : -ENOENT, NO_FILM);
        return;
    }
    if (!read_question(x, w->duration, &q)) {
        return;
    }
    if (!quota_question(x->signal, &x->request.peer, clock_now())) {
        x->signal->counters.questions_refused++;
        reply_header(x, "retry-after", "600");
        reply_problem(x, 429, "too-many-questions",
                      "You have asked a lot in a short time. Try again in some minutes.");
        return;
    }
    memcpy(q.walkthrough, w->id, sizeof q.walkthrough);
    EXCHANGE_STORE(x, film_questions_create, &q, asked);
}

void film_questions_ask(struct exchange *x) {
    static const char *const known[] = {"t", "text", "name", NULL};

    if (exchange_json(x, known) != NULL) {
        find_film(x, ask_now);
    }
}

static void gone(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    (void)argument;
    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NO_QUESTION);
    } else {
        reply_empty(x, 204);
    }
}

/* Whoever asked takes it back: the Bearer is the question's own token. */
void film_question_take_back(struct exchange *x) {
    const char *token = request_bearer(&x->request);
    struct film_question_row q = {0};

    if (token == NULL || token[0] == '\0') {
        reply_header(x, "www-authenticate", "Bearer");
        reply_problem(x, 401, "unauthorized", "Send the question's token.");
        return;
    }
    snprintf(q.id, sizeof q.id, "%.*s", ID_MAX - 1, x->request.params[1]);
    snprintf(q.token, sizeof q.token, "%.*s", STORE_SECRET_MAX - 1, token);
    EXCHANGE_STORE(x, film_questions_delete, &q, gone);
}

/* ---- for staff ---- */

static struct json *question_json(const struct film_question_row *q) {
    struct json *o = json_new_object();

    json_put_text(o, "id", q->id);
    json_put_text(o, "walkthrough", q->walkthrough);
    json_put_text(o, "slug", q->slug);
    json_put_text(o, "title", q->title);
    json_put_number(o, "t", q->t);
    json_put_text(o, "text", q->text);
    json_put_text(o, "name", q->name);
    json_put_text(o, "state", q->parked ? "parked" : q->answered_at != 0 ? "answered" : "open");
    json_put_text(o, "words", q->words[0] != '\0' ? q->words : NULL);
    json_put_text(o, "clip", q->clip[0] != '\0' ? q->clip : NULL);
    json_put_text(o, "clip_slug", q->clip[0] != '\0' ? q->clip_slug : NULL);
    json_put_text(o, "clip_state",
                  q->clip[0] != '\0' ? walkthrough_state_name(q->clip_state) : NULL);
    put_time(o, "created_at", q->created_at);
    put_time(o, "answered_at", q->answered_at);
    return o;
}

static void listed(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct film_question_list *list = argument;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NULL);
        return;
    }
    struct json *items = json_new_list();
    for (size_t i = 0; i < list->count; i++) {
        json_add(items, question_json(&list->rows[i]));
    }
    reply_json(x, 200, items);
}

void api_film_questions_list(struct exchange *x) {
    struct film_question_list list = {0};
    const char *walkthrough = request_query(&x->request, "walkthrough");

    if (read_paging(x, &list.offset, &list.limit)) {
        snprintf(list.walkthrough, sizeof list.walkthrough, "%.*s", ID_MAX - 1,
                 walkthrough != NULL ? walkthrough : "");
        EXCHANGE_STORE(x, film_questions_list, &list, listed);
    }
}

static void changed(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NO_QUESTION);
    } else {
        reply_json(x, 200, question_json(argument));
    }
}

static void change_now(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct film_question_row q;
    bool parked = false;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NO_QUESTION);
        return;
    }
    q = *(const struct film_question_row *)argument;
    q.fields = 0;
    if (json_has(x->json, "words")) {
        q.words[0] = '\0';
        q.fields |= FILM_QUESTION_WORDS;
    }
    if (json_has(x->json, "clip")) {
        if (json_kind_of(json_get(x->json, "clip")) != JSON_KIND_NULL) {
            reply_bad_field(x, "clip", "“clip” can be taken away by null; send one to …/clip.");
            return;
        }
        q.clip[0] = '\0';
        q.fields |= FILM_QUESTION_CLIP;
    }
    if (!field_text(x, x->json, "words", q.words, sizeof q.words, NULL) ||
        !field_bool(x, x->json, "parked", &q.parked, &parked)) {
        return;
    }
    q.fields |= parked ? FILM_QUESTION_PARKED : 0u;
    EXCHANGE_STORE(x, film_questions_change, &q, changed);
}

void api_film_question_change(struct exchange *x) {
    static const char *const known[] = {"words", "clip", "parked", NULL};
    struct film_question_row q = {0};

    read_id(x, q.id);
    if (exchange_json(x, known) != NULL) {
        EXCHANGE_STORE(x, film_questions_get, &q, change_now);
    }
}

void api_film_question_delete(struct exchange *x) {
    struct film_question_row q = {0};

    read_id(x, q.id);
    EXCHANGE_STORE(x, film_questions_delete, &q, gone);
}

/* ---- a clip as the answer ---- */

/* What the call works on (x->scratch). */
struct clip {
    struct film_question_row question;
    struct walkthrough_row film;
};

static void clip_made(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct clip *c = x->scratch;

    if (result == 0) {
        walkthrough_compile(x, argument);
    } else {
        upload_give_back(x->signal, c->film.source);
    }
    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NULL);
        return;
    }
    const struct walkthrough_row *film = argument;
    memcpy(c->question.clip, film->id, sizeof c->question.clip);
    c->question.fields = FILM_QUESTION_CLIP;
    EXCHANGE_STORE(x, film_questions_change, &c->question, changed);
}

static void film_of_question(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_row *about = argument;

    if (!exchange_resume(x)) {
        return;
    }
    struct clip *c = x->scratch;
    bool given = false;
    if (result < 0) {
        reply_failure(x, result, NO_FILM);
        return;
    }
    c->film.state = WALKTHROUGH_COMPILING;
    c->film.published = true; /* it is shown wherever its question is */
    size_t n = strlen(c->question.text);
    n = n < CLIP_TITLE_MAX ? n : CLIP_TITLE_MAX;
    while (n > 0 &&
           ((unsigned char)c->question.text[n] & 0xc0) == 0x80) { /* inside of a character */
        n--;
    }
    snprintf(c->film.title, sizeof c->film.title, "%.*s", (int)n, c->question.text);
    memcpy(c->film.product, about->product, sizeof c->film.product);
    if (!upload_read(x, x->json, c->film.source, sizeof c->film.source, true, &given)) {
        return;
    }
    EXCHANGE_STORE(x, walkthroughs_create, &c->film, clip_made);
    if (x->answered) { /* the store is too busy */
        upload_give_back(x->signal, c->film.source);
    }
}

static void question_of_clip(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NO_QUESTION);
        return;
    }
    struct clip *c = x->scratch;
    struct walkthrough_row about = {0};
    c->question = *(const struct film_question_row *)argument;
    memcpy(about.id, c->question.walkthrough, sizeof about.id);
    EXCHANGE_STORE(x, walkthroughs_get, &about, film_of_question);
}

void api_film_question_clip(struct exchange *x) {
    static const char *const known[] = {"upload", "key", NULL};
    const struct json *body = exchange_json(x, known);
    bool given = false;

    if (body == NULL) {
        return;
    }
    if (x->signal->jobs == NULL) {
        reply_problem(x, 503, "no-pipelines", "parlour-pipeline is not installed on this server.");
        return;
    }
    struct clip *c = calloc(1, sizeof *c);
    x->scratch = c;
    if (c == NULL) {
        reply_failure(x, -ENOMEM, NULL);
        return;
    }
    read_id(x, c->question.id);
    if (field_key(x, body, c->film.key, &given)) {
        EXCHANGE_STORE(x, film_questions_get, &c->question, question_of_clip);
    }
}
