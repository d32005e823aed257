/* Pages: the built templates of web-client/dist with a head for previews and the data they start
 * from. */
#include "signal/api.h"
#include "signal/captions.h"
#include "signal/fields.h"
#include "signal/files.h"
#include "signal/ice_servers.h"
#include "signal/live.h"
#include "signal/presentation.h"
#include "signal/recording_log.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define TEMPLATE_MAX (1024u * 1024)
#define HEAD_MARK "<!--parlour:head-->"
#define BOOT_MARK "<!--parlour:boot-->"

struct page {
    const char *template;                    /* file name below web_root */
    const char *title, *description, *image; /* image: a path of ours, or NULL */
    struct json *boot;                       /* taken */
    bool embeddable;
    bool compiles; /* WebAssembly: the program that cuts out a virtual person */
};

static void head_html(const struct exchange *x, const struct page *page, struct text *t) {
    char base[URL_BASE_MAX];

    url_base(x, base);
    text_add(t, "<title>");
    text_add_html(t, page->title);
    text_add(t, "</title>\n");
    const struct {
        const char *attribute, *name, *value;
    } metas[] = {
        {"name", "description", page->description},
        {"property", "og:type", "website"},
        {"property", "og:title", page->title},
        {"property", "og:description", page->description},
        {"property", "og:site_name", x->signal->config->company},
    };
    for (size_t i = 0; i < sizeof metas / sizeof *metas; i++) {
        if (metas[i].value[0] != '\0') {
            text_addf(t, "<meta %s=\"%s\" content=\"", metas[i].attribute, metas[i].name);
            text_add_html(t, metas[i].value);
            text_add(t, "\">\n");
        }
    }
    if (page->image != NULL) {
        text_add(t, "<meta property=\"og:image\" content=\"");
        text_add_html(t, base);
        text_add_html(t, page->image);
        text_add(t, "\">\n<meta name=\"twitter:card\" content=\"summary_large_image\">\n");
    }
}

static void csp(struct exchange *x, const struct page *page) {
    const char *host = request_header(&x->request, HEADER_HOST);
    char base[URL_BASE_MAX];

    url_base(x, base);
    const char *authority = strstr(base, "://");
    authority = authority != NULL ? authority + 3 : host;
    reply_header(x, "content-security-policy",
                 "default-src 'self'; %simg-src 'self' data: blob:; media-src 'self' blob:; "
                 "style-src 'self' 'unsafe-inline'; connect-src 'self' ws://%s wss://%s; "
                 "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
                 "form-action 'self'; frame-ancestors %s",
                 page->compiles ? "script-src 'self' 'wasm-unsafe-eval'; " : "", authority,
                 authority, page->embeddable ? "*" : "'none'");
    if (!page->embeddable) {
        reply_header(x, "x-frame-options", "DENY");
    }
}

/* Template with its marks replaced; whatever lies between them is copied. */
static void fill(struct text *t, const char *template, const char *head, const char *boot) {
    const char *at = template;

    while (*at != '\0') {
        const char *mark = strstr(at, "<!--parlour:");
        if (mark == NULL) {
            text_add(t, at);
            return;
        }
        text_add_bytes(t, at, (size_t)(mark - at));
        if (strncmp(mark, HEAD_MARK, strlen(HEAD_MARK)) == 0) {
            text_add(t, head);
            at = mark + strlen(HEAD_MARK);
        } else if (strncmp(mark, BOOT_MARK, strlen(BOOT_MARK)) == 0) {
            text_addf(t, "<script type=\"application/json\" id=\"parlour-boot\">%s</script>", boot);
            at = mark + strlen(BOOT_MARK);
        } else {
            text_add_bytes(t, mark, 4);
            at = mark + 4;
        }
    }
}

static void reply_page(struct exchange *x, int status, const struct page *page) {
    char path[STORE_PATH_MAX], *template = NULL;
    struct text head = {0}, t = {0};
    size_t n = 0;
    char *boot = json_write_text(page->boot, true, NULL);

    json_free(page->boot);
    snprintf(path, sizeof path, "%s/%s", x->signal->config->web_root, page->template);
    if (x->signal->config->web_root[0] == '\0' ||
        file_read(path, TEMPLATE_MAX, &template, &n) < 0) {
        free(boot);
        reply_problem(x, 503, "no-pages",
                      "The web pages are not installed: build web-client and set web_root.");
        return;
    }
    head_html(x, page, &head);
    fill(&t, template, head.p != NULL ? head.p : "", boot != NULL ? boot : "null");
    free(template);
    free(boot);
    text_clear(&head);
    csp(x, page);
    reply_header(x, "cache-control", "no-store");
    reply_bytes(x, status, "text/html; charset=utf-8", t.failed ? NULL : t.p, t.n);
}

static struct json *company_json(const struct exchange *x) {
    struct json *o = json_new_object();

    json_put_text(o, "name", x->signal->config->company);
    return o;
}

/* ---- / ---- */

void page_console(struct exchange *x) {
    struct json *boot = json_new_object(), *staff = NULL;

    if (x->actor.kind == ACTOR_STAFF) {
        staff = json_new_object();
        json_put_text(staff, "name", x->actor_name);
        json_put_text(staff, "email", x->user.email);
        json_put_text(staff, "role", staff_role_name(x->actor.role));
    }
    json_put_text(boot, "page", "console");
    json_put(boot, "staff", staff);
    json_put(boot, "company", company_json(x));
    json_put(boot, "ice_servers", ice_servers_json(x));
    reply_page(x, 200,
               &(struct page){.template = "console.html",
                              .title = x->signal->config->company[0] != '\0'
                                           ? x->signal->config->company
                                           : "Parlour",
                              .description = "",
                              .boot = boot,
                              .compiles = true});
}

/* ---- /check ---- */

void page_check(struct exchange *x) {
    struct json *boot = json_new_object();

    json_put_text(boot, "page", "check");
    json_put(boot, "company", company_json(x));
    json_put(boot, "ice_servers", ice_servers_json(x));
    reply_page(x, 200,
               &(struct page){.template = "check.html",
                              .title = "Connection check",
                              .description = "",
                              .boot = boot});
}

/* ---- /v/{token} ---- */

/* What the visit page waits for: its products, one after the other. */
struct visit_page {
    struct invite_open open;
    struct json *products;
    size_t next;
};

/* Takes `boot`, which may hold more than the error. */
static void visit_error_with(struct exchange *x, struct json *boot, int status, const char *word,
                             const char *title, const char *detail) {
    struct json *error = json_new_object();
    char type[96];

    snprintf(type, sizeof type, "urn:parlour:problem:%s", word);
    json_put_int(error, "status", status);
    json_put_text(error, "type", type);
    json_put_text(error, "title", title);
    json_put_text(error, "detail", detail);
    json_put_text(boot, "page", "visit");
    json_put(boot, "error", error);
    json_put(boot, "company", company_json(x));
    reply_page(x, status,
               &(struct page){
                   .template = "visit.html", .title = title, .description = detail, .boot = boot});
}

static void visit_error(struct exchange *x, int status, const char *word, const char *title,
                        const char *detail) {
    visit_error_with(x, json_new_object(), status, word, title, detail);
}

static struct json *invite_json(const struct invite_row *row) {
    struct json *o = json_new_object();

    json_put_text(o, "id", row->id);
    json_put_text(o, "name", row->name);
    return o;
}

/* The visit is over: what is left of it is its replay, and the word about being in it. */
static void ended_replay_found(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_row *row = argument;
    struct json *boot, *visit, *host, *replay = NULL;

    if (!exchange_resume(x)) {
        return;
    }
    const struct invite_open *open = x->scratch;
    const char *data_dir = x->signal->config->data_dir;
    boot = json_new_object(), visit = json_new_object(), host = json_new_object();
    json_put_text(host, "name", open->visit.host_name);
    json_put_text(visit, "id", open->visit.id);
    json_put_text(visit, "title", open->visit.title);
    json_put(visit, "host", host);
    json_put_text(visit, "recording", visit_recording_name(open->visit.recording));
    json_put(boot, "visit", visit);
    json_put(boot, "invite", invite_json(&open->invite));
    const int word = recording_word(data_dir, open->visit.id, open->invite.id);
    if (word >= 0) {
        json_put_bool(boot, "consented_recording", word > 0);
    } else {
        json_put_null(boot, "consented_recording");
    }
    if (result == 0 || (result == -ENOENT && recording_exists(data_dir, open->visit.id))) {
        replay = json_new_object();
        json_put_text(replay, "slug", result == 0 ? row->slug : NULL);
        json_put_text(replay, "state",
                      walkthrough_state_name(result == 0 ? row->state : WALKTHROUGH_COMPILING));
    }
    json_put(boot, "replay", replay);
    visit_error_with(x, boot, 410, "ended", "This visit has ended",
                     "Ask the person who invited you for a new link.");
}

static void visit_has_ended(struct exchange *x, const struct invite_open *open) {
    struct walkthrough_row row = {0};

    x->scratch = malloc(sizeof *open);
    if (x->scratch == NULL) {
        reply_failure(x, -ENOMEM, NULL);
        return;
    }
    memcpy(x->scratch, open, sizeof *open);
    memcpy(row.visit, open->visit.id, sizeof row.visit);
    EXCHANGE_STORE(x, walkthroughs_get, &row, ended_replay_found);
}

static void render_visit(struct exchange *x, struct visit_page *p) {
    const struct visit_row *v = &p->open.visit;
    const struct live *live = live_find(x->signal, v->id);
    struct json *boot = json_new_object(), *visit = json_new_object();
    struct json *host = json_new_object();
    char description[512];

    json_put_text(host, "name", v->host_name);
    json_put_text(visit, "id", v->id);
    json_put_text(visit, "title", v->title);
    json_put_text(visit, "state",
                  visit_state_name(live != NULL ? visit_state(live->visit) : v->state));
    put_time(visit, "starts_at", v->starts_at);
    json_put(visit, "host", host);
    json_put(visit, "company", company_json(x));
    json_put_text(visit, "recording", visit_recording_name(v->recording));
    json_put(visit, "products", p->products);
    p->products = NULL;
    json_put_text(boot, "page", "visit");
    json_put(boot, "visit", visit);
    json_put(boot, "invite", invite_json(&p->open.invite));
    json_put(boot, "ice_servers", ice_servers_json(x));
    snprintf(description, sizeof description, "%s%s%s", v->host_name,
             v->host_name[0] != '\0' && x->signal->config->company[0] != '\0' ? ", " : "",
             x->signal->config->company);
    reply_page(
        x, 200,
        &(struct page){
            .template = "visit.html", .title = v->title, .description = description, .boot = boot});
}

static void products_done(struct exchange *x) {
    struct visit_page *p = x->context;

    json_free(p->products);
    free(p);
}

static void next_product(struct exchange *x, struct visit_page *p);

static void product_found(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct product_row *row = argument;

    if (!exchange_resume(x)) {
        return;
    }
    struct visit_page *p = x->context;
    if (result == 0) {
        json_add(p->products, product_card_json(row));
    }
    next_product(x, p);
}

static void next_product(struct exchange *x, struct visit_page *p) {
    struct product_row row = {0};

    if (p->next == p->open.visit.product_count) {
        render_visit(x, p);
        return;
    }
    snprintf(row.id, sizeof row.id, "%s", p->open.visit.products[p->next++]);
    EXCHANGE_STORE(x, products_get, &row, product_found);
}

static void tell_opened(struct exchange *x, const struct invite_open *open) {
    struct live *live = open->first ? live_find(x->signal, open->visit.id) : NULL;

    if (live != NULL) {
        visit_invite_opened(live->visit, open->invite.id, open->invite.name);
        live_changed(x->signal, live);
    }
}

static void visit_opened(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct invite_open *open = argument;

    if (!exchange_resume(x)) {
        return;
    }
    if (result == -EKEYREVOKED || result == -EKEYEXPIRED) {
        visit_error(x, 410, result == -EKEYREVOKED ? "revoked" : "expired",
                    "This invitation is no longer valid",
                    "Ask the person who invited you for a new link.");
    } else if (result == -ENOENT) {
        visit_error(x, 404, "not-found", "This link leads nowhere",
                    "Check that the whole link was copied, or ask for a new one.");
    } else if (result < 0) {
        visit_error(x, 503, "busy", "The server is busy", "Try again in a moment.");
    } else if (open->visit.state == VISIT_ENDED) {
        visit_has_ended(x, open);
    } else {
        struct visit_page *p = calloc(1, sizeof *p);
        if (p == NULL) {
            reply_failure(x, -ENOMEM, NULL);
            return;
        }
        p->open = *open;
        p->products = json_new_list();
        x->context = p;
        x->gone = products_done;
        tell_opened(x, open);
        next_product(x, p);
    }
}

void page_visit(struct exchange *x) {
    struct invite_open open = {.mark = x->request.method == METHOD_GET};

    if (strlen(x->request.params[0]) >= sizeof open.token) {
        visit_opened(x, -ENOENT, &open);
        return;
    }
    snprintf(open.token, sizeof open.token, "%s", x->request.params[0]);
    EXCHANGE_STORE(x, invites_open, &open, visit_opened);
}

/* ---- /w/{slug} ---- */

static void put_chapters(struct json *walkthrough, const struct walkthrough_row *w,
                         const struct json *manifest) {
    struct json *details = NULL;

    json_parse(bytes_of_text(w->details), sizeof w->details, &details);
    const struct json *chapters = json_get(details, "chapters");
    if (json_kind_of(chapters) != JSON_KIND_LIST) {
        chapters = json_get(manifest, "chapters");
    }
    json_put(walkthrough, "chapters",
             json_kind_of(chapters) == JSON_KIND_LIST ? json_duplicate(chapters) : json_new_list());
    json_put(walkthrough, "call_to_action", json_duplicate(json_get(details, "call_to_action")));
    json_free(details);
}

static void put_number(struct json *to, const struct json *from, const char *key) {
    double value = 0;

    json_get_number(from, key, &value);
    json_put_number(to, key, value);
}

static bool is_embed(const struct exchange *x) {
    size_t n = strlen(x->request.path);

    return n >= 6 && strcmp(x->request.path + n - 6, "/embed") == 0;
}

/* A path of the presentation as the page may ask for it: with the invite that opened the page. */
static void put_path(struct json *o, const struct exchange *x, const char *key, const char *path) {
    const char *invite = request_query(&x->request, "invite");
    struct text t = {0};

    text_add(&t, path);
    if (invite != NULL) {
        text_add(&t, "?invite=");
        text_add_url(&t, invite);
    }
    json_put_text(o, key, t.failed ? NULL : t.p);
    text_clear(&t);
}

static void put_file(struct json *o, const struct exchange *x, const char *key,
                     const struct walkthrough_row *w, const struct json *manifest) {
    char url[STORE_SLUG_MAX + 160];

    if (presentation_url(w, manifest, key, url, sizeof url) == 0) {
        put_path(o, x, key, url);
    } else {
        json_put(o, key, NULL);
    }
}

static struct json *walkthrough_boot(const struct exchange *x, const struct walkthrough_row *w,
                                     const struct json *manifest) {
    struct json *o = json_new_object();
    char poster[STORE_SLUG_MAX + 32];

    snprintf(poster, sizeof poster, "/w/%s/poster.jpg", w->slug);
    json_put_text(o, "slug", w->slug);
    json_put_text(o, "title", w->title);
    json_put_number(o, "duration", w->duration);
    put_path(o, x, "poster", poster);
    put_number(o, manifest, "width");
    put_number(o, manifest, "height");
    put_file(o, x, "hls", w, manifest);
    put_file(o, x, "mp4", w, manifest);
    put_file(o, x, "storyboard", w, manifest);
    json_put(o, "matte_layout", json_duplicate(presentation_matte(manifest)));
    json_put_bool(o, "replay", w->visit[0] != '\0');
    json_put(o, "captions",
             captions_of(x->signal, w, manifest, request_query(&x->request, "invite")));
    put_chapters(o, w, manifest);
    return o;
}

static void render_walkthrough(struct exchange *x, const struct walkthrough_row *w,
                               const struct product_row *product) {
    struct json *boot = json_new_object(), *manifest = NULL, *p = NULL;
    bool embed = is_embed(x);
    char path[STORE_PATH_MAX], poster[STORE_SLUG_MAX + 32];

    if (presentation_path(x->signal->config->data_dir, w, path, sizeof path) == 0) {
        presentation_manifest(path, &manifest);
    }
    struct json *o = walkthrough_boot(x, w, manifest);
    snprintf(poster, sizeof poster, "/w/%s/poster.jpg", w->slug);
    if (product != NULL) {
        p = product_card_json(product);
    }
    json_put(o, "product", p);
    json_free(manifest);
    json_put_text(boot, "page", "walkthrough");
    json_put_bool(boot, "embed", embed);
    json_put(boot, "walkthrough", o);
    json_put(boot, "company", company_json(x));
    json_put(boot, "ice_servers", ice_servers_json(x));
    reply_page(x, 200,
               &(struct page){.template = embed ? "embed.html" : "walkthrough.html",
                              .title = w->title,
                              .description = product != NULL ? product->summary : "",
                              .image = w->published ? poster : NULL,
                              .boot = boot,
                              .embeddable = embed});
}

static void walkthrough_product(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (exchange_resume(x)) {
        render_walkthrough(x, x->scratch, result == 0 ? argument : NULL);
    }
}

static void walkthrough_error(struct exchange *x, int result) {
    bool missing = result == 0 || result == -ENOENT;
    int status = missing ? 404 : 503;
    const char *title = missing ? "There is no such walkthrough" : "The server is busy";
    const char *detail = missing ? "It may have been taken down." : "Try again in a moment.";
    struct json *boot = json_new_object(), *error = json_new_object();

    json_put_int(error, "status", status);
    json_put_text(error, "type",
                  missing ? "urn:parlour:problem:not-found" : "urn:parlour:problem:busy");
    json_put_text(error, "title", title);
    json_put_text(error, "detail", detail);
    json_put_text(boot, "page", "walkthrough");
    json_put(boot, "error", error);
    json_put(boot, "company", company_json(x));
    reply_page(x, status,
               &(struct page){.template = is_embed(x) ? "embed.html" : "walkthrough.html",
                              .title = title,
                              .description = detail,
                              .boot = boot,
                              .embeddable = is_embed(x)});
}

static void walkthrough_found(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_row *w = argument;
    struct product_row product = {0};

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0 || !presentation_visible(&x->actor, w)) {
        walkthrough_error(x, result);
        return;
    }
    x->scratch = malloc(sizeof *w);
    if (x->scratch == NULL) {
        reply_failure(x, -ENOMEM, NULL);
        return;
    }
    memcpy(x->scratch, w, sizeof *w);
    if (w->product[0] == '\0') {
        render_walkthrough(x, x->scratch, NULL);
        return;
    }
    snprintf(product.id, sizeof product.id, "%s", w->product);
    EXCHANGE_STORE(x, products_get, &product, walkthrough_product);
}

static void get_walkthrough(struct exchange *x, store_done *done) {
    struct walkthrough_row w = {0};

    snprintf(w.slug, sizeof w.slug, "%.*s", (int)sizeof w.slug - 1, x->request.params[0]);
    EXCHANGE_STORE(x, walkthroughs_get, &w, done);
}

void page_walkthrough(struct exchange *x) {
    get_walkthrough(x, walkthrough_found);
}

void page_embed(struct exchange *x) {
    get_walkthrough(x, walkthrough_found);
}

/* ---- files of the web client ---- */

static bool safe_path(const char *path) {
    if (path[0] == '.' || path[0] == '/' || strstr(path, "/.") != NULL ||
        strstr(path, "//") != NULL) {
        return false;
    }
    for (; *path != '\0'; path++) {
        if ((unsigned char)*path < 0x20 || *path == '\\') {
            return false;
        }
    }
    return true;
}

static void web_file(struct exchange *x, const char *folder, const char *name,
                     const char *cache_control) {
    char path[2 * STORE_PATH_MAX];

    if (!safe_path(name) || x->signal->config->web_root[0] == '\0') {
        reply_problem(x, 404, "not-found", "There is no such file.");
        return;
    }
    snprintf(path, sizeof path, "%s/%s%s", x->signal->config->web_root, folder, name);
    file_reply(x, path, cache_control);
}

void page_asset(struct exchange *x) {
    /* A worker goes by the policy it came with, not by its page's. */
    reply_header(x, "content-security-policy",
                 "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'");
    web_file(x, "assets/", x->request.params[0], "public, max-age=31536000, immutable");
}

/* favicon, manifest, robots: files beside the templates, but never a bare template. */
void page_root_file(struct exchange *x) {
    const char *name = x->request.params[0], *dot = strrchr(name, '.');

    if (dot == NULL || strcmp(dot, ".html") == 0) {
        reply_problem(x, 404, "not-found", "There is nothing at this address.");
        return;
    }
    web_file(x, "", name, "public, max-age=3600");
}
