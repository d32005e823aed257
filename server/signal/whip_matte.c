/* PUT {Location}/matte: whoever publishes a virtual person tells how its picture is laid out. */
#include "signal/live.h"
#include "signal/sessions.h"
#include "signal/state.h"
#include "wire/json.h"
#include "wire/matte_json.h"

#include <errno.h>
#include <stdio.h>

static bool bad_member(struct exchange *x, const char *member, const char *wrong) {
    char field[MATTE_WRONG_MAX + 16];

    snprintf(field, sizeof field, "%s%s%s", member, wrong[0] != '\0' ? "." : "", wrong);
    reply_bad_field(x, field, "“%s” is not as it should be.", field);
    return false;
}

static bool read_matte(struct exchange *x, struct matte *ret) {
    static const char *const known[] = {"matte_layout", "person", NULL};
    const struct json *body = exchange_json(x, known);
    char wrong[MATTE_WRONG_MAX];

    if (body == NULL) {
        return false;
    }
    const struct json *layout = json_get(body, "matte_layout"), *person = json_get(body, "person");
    if (layout != NULL && json_kind_of(layout) != JSON_KIND_NULL) {
        if (matte_layout_read(layout, &ret->layout, wrong) < 0) {
            return bad_member(x, "matte_layout", wrong);
        }
        ret->laid_out = true;
    }
    if (person != NULL && json_kind_of(person) != JSON_KIND_NULL) {
        if (!ret->laid_out) {
            reply_bad_field(x, "matte_layout", "“person” is told with a “matte_layout” only.");
            return false;
        }
        if (matte_person_read(person, &ret->person, wrong) < 0) {
            return bad_member(x, "person", wrong);
        }
        ret->measured = true;
    }
    return true;
}

void whip_matte(struct exchange *x) {
    struct session *session = sessions_of_request(x);
    struct matte matte = {0};

    if (session == NULL || !read_matte(x, &matte)) {
        return;
    }
    struct live *live = live_find(x->signal, session->visit);
    int r = live != NULL ? visit_set_matte(live->visit, session->id, &matte) : -ENOENT;
    if (r < 0) {
        reply_problem(x, 404, "no-session", "This session has ended or never was.");
        return;
    }
    struct json *answer = json_new_object();
    matte_put(answer, &matte);
    reply_json(x, 200, answer);
    live_changed(x->signal, live);
}
