/* parlour demo: fills a data directory with the sample (once) and prints three links. What it made
 * is noted in DATA/demo.json, since the store keeps only the hash of the customer's token. */
#include "app/arguments.h"
#include "app/commands.h"
#include "app/places.h"
#include "app/publishing.h"
#include "app/say.h"
#include "model/glb.h"
#include "wire/json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REP_EMAIL "rep@example.com"
#define REP_NAME "Alex Morgan"
#define CUSTOMER_NAME "Sam Carter"
#define LINK_LIFETIME (24 * 3600)
#define NOTES_MAX 4096
#define PRODUCT_FILE_MAX (64 * 1024)
#define MODEL_FILE_MAX (4 * 1024 * 1024)

static const char usage[] =
    "Usage: parlour demo [--data DIR] [--base-url URL] [--assets DIR] [--pipeline FILE]\n"
    "                    [--unconfined]\n";

struct demo {
    struct database *db;
    const char *data, *base_url, *assets, *pipeline;
    struct user_row rep;
    char product[ID_MAX], walkthrough[ID_MAX], visit[ID_MAX], invite[STORE_SECRET_MAX];
    char slug[STORE_SLUG_MAX];
    bool changed, unconfined;
};

static int read_json(const char *path, size_t most, struct json **ret) {
    uint8_t *text = malloc(most + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int error = text ? (fd < 0 ? -errno : 0) : -ENOMEM;
    if (!error) {
        ssize_t n = read(fd, text, most + 1);
        error = n < 0 ? -errno : json_parse(bytes_of(text, (size_t)n), most, ret);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(text);
    return error;
}

/* ---- What the last run noted ---- */

static void take(const struct json *object, const char *key, char *to, size_t size) {
    const char *text = "";
    json_get_text(object, key, &text);
    snprintf(to, size, "%s", strlen(text) < size ? text : "");
}

static void read_notes(struct demo *d) {
    char path[PATH_MAX];
    struct json *notes = NULL;
    if (place_join(path, sizeof(path), d->data, "demo.json") &&
        read_json(path, NOTES_MAX, &notes) == 0) {
        take(notes, "product", d->product, sizeof(d->product));
        take(notes, "walkthrough", d->walkthrough, sizeof(d->walkthrough));
        take(notes, "visit", d->visit, sizeof(d->visit));
        take(notes, "invite", d->invite, sizeof(d->invite));
    }
    json_free(notes);
}

/* Whole or not at all, and for this user's eyes only. */
static int write_text(const char *path, const char *text, size_t n) {
    char draft[PATH_MAX];
    if ((size_t)snprintf(draft, sizeof(draft), "%s.new", path) >= sizeof(draft)) {
        return -ENAMETOOLONG;
    }
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -errno;
    }
    ssize_t wrote = write(fd, text, n);
    int error = wrote == (ssize_t)n && fsync(fd) == 0 ? 0 : -EIO;
    close(fd);
    return error ? error : rename(draft, path) == 0 ? 0 : -errno;
}

static int write_notes(const struct demo *d) {
    char path[PATH_MAX];
    size_t n = 0;
    struct json *notes = json_new_object();
    json_put_text(notes, "product", d->product);
    json_put_text(notes, "walkthrough", d->walkthrough);
    json_put_text(notes, "visit", d->visit);
    json_put_text(notes, "invite", d->invite);
    char *text = json_write_text(notes, false, &n);
    int error = -ENOMEM;
    if (text && place_join(path, sizeof(path), d->data, "demo.json")) {
        error = write_text(path, text, n);
    }
    free(text);
    json_free(notes);
    return error;
}

/* ---- Each thing: as noted and still there, or new ---- */

static int make_rep(struct demo *d) {
    snprintf(d->rep.email, sizeof(d->rep.email), REP_EMAIL);
    int error = users_find(d->db, &d->rep);
    if (error != -ENOENT) {
        return error;
    }
    struct user_add add = {.user = {.email = REP_EMAIL, .name = REP_NAME, .role = ROLE_ADMIN}};
    error = users_add(d->db, &add);
    d->rep = add.user;
    return error;
}

/* Appends `,"key":value` of the file, or nothing when it is missing or too long. */
static void add_detail(struct product_row *row, const struct json *file, const char *key) {
    size_t n = strlen(row->details);
    char *text = json_write_text(json_get(file, key), false, NULL);
    if (text && n + strlen(text) + strlen(key) + 6 < sizeof(row->details)) {
        snprintf(row->details + n, sizeof(row->details) - n, "%s\"%s\":%s", n > 1 ? "," : "", key,
                 text);
    }
    free(text);
}

static int fill_product(const struct json *file, struct product_row *row) {
    const struct json *size = json_get(file, "size_mm");
    take(file, "name", row->name, sizeof(row->name));
    take(file, "summary", row->summary, sizeof(row->summary));
    json_get_number(size, "w", &row->width);
    json_get_number(size, "h", &row->height);
    json_get_number(size, "d", &row->depth);
    snprintf(row->details, sizeof(row->details), "{");
    add_detail(row, file, "images");
    add_detail(row, file, "claims");
    add_detail(row, file, "call_to_action");
    strcat(row->details, "}");
    return row->name[0] ? 0 : -EINVAL;
}

/* The sample's model becomes a file of the product. A sample without a model that can be shown is
 * fine. */
static int give_model(const struct demo *d, struct product_row *row, const char *name) {
    static uint8_t bytes[MODEL_FILE_MAX];
    char path[PATH_MAX], words[MODEL_WORDS_MAX];
    struct model *m = NULL;
    FILE *from = place_join(path, sizeof(path), d->assets, "sample") && name[0] &&
                         !strchr(name, '/') && strlen(path) + strlen(name) + 2 < sizeof(path)
                     ? fopen(strcat(strcat(path, "/"), name), "rbe")
                     : NULL;
    size_t n = from ? fread(bytes, 1, sizeof(bytes), from) : 0;
    if (from) {
        fclose(from);
    }
    if (n == 0 || glb_read(bytes_of(bytes, n), &m, words) < 0) {
        return 0;
    }
    for (int axis = 0; axis < 3; axis++) {
        row->extent[axis] = 1000.0 * ((double)m->max[axis] - (double)m->min[axis]);
    }
    model_free(m);
    snprintf(row->model, sizeof(row->model), "model-sample.glb");
    row->fields = PRODUCT_MODEL;
    int error =
        snprintf(path, sizeof(path), "%s/products", d->data) < (int)sizeof(path) ? 0 : -EINVAL;
    mkdir(path, 0700);
    snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", row->id);
    mkdir(path, 0700);
    snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", row->model);
    error = error ? error : write_text(path, (const char *)bytes, n);
    return error ? error : products_change(d->db, row);
}

static int make_product(struct demo *d, char *ret_message) {
    static struct product_row row;
    char path[PATH_MAX], model[64] = "";
    struct json *file = NULL;
    snprintf(row.id, sizeof(row.id), "%s", d->product);
    if (row.id[0] && products_get(d->db, &row) == 0) {
        return 0;
    }
    memset(&row, 0, sizeof(row));
    snprintf(path, sizeof(path), "%s/sample/product.json", d->assets);
    int error = read_json(path, PRODUCT_FILE_MAX, &file);
    error = error ? error : fill_product(file, &row);
    take(file, "model", model, sizeof(model));
    json_free(file);
    if (error) {
        snprintf(ret_message, 512,
                 "The sample product %.300s cannot be read; say where it is with "
                 "--assets DIR.",
                 path);
        return error;
    }
    error = products_create(d->db, &row);
    error = error ? error : give_model(d, &row, model);
    snprintf(d->product, sizeof(d->product), "%s", row.id);
    d->changed = true;
    return error;
}

/* As the sample says, or plainly. */
static void name_walkthrough(const struct demo *d, struct walkthrough_row *row) {
    char path[PATH_MAX];
    struct json *file = NULL;
    if (place_join(path, sizeof(path), d->assets, "sample/product.json") &&
        read_json(path, PRODUCT_FILE_MAX, &file) == 0) {
        take(json_get(file, "walkthrough"), "title", row->title, sizeof(row->title));
    }
    json_free(file);
    if (!row->title[0]) {
        snprintf(row->title, sizeof(row->title), "A walkthrough");
    }
}

static int make_walkthrough(struct demo *d, char *ret_message) {
    static struct walkthrough_row row;
    char film[PATH_MAX], captions[PATH_MAX], chapters[PATH_MAX];
    snprintf(row.id, sizeof(row.id), "%s", d->walkthrough);
    if (row.id[0] && walkthroughs_get(d->db, &row) == 0 && row.published &&
        row.state == WALKTHROUGH_READY) {
        snprintf(d->slug, sizeof(d->slug), "%s", row.slug);
        return 0;
    }
    memset(&row, 0, sizeof(row));
    name_walkthrough(d, &row);
    memcpy(row.product, d->product, sizeof(row.product));
    snprintf(film, sizeof(film), "%s/sample/walkthrough.mp4", d->assets);
    snprintf(captions, sizeof(captions), "%s/sample/captions-en.vtt", d->assets);
    snprintf(chapters, sizeof(chapters), "%s/sample/chapters.json", d->assets);
    const struct publishing what = {.data = d->data,
                                    .pipeline = d->pipeline,
                                    .file = film,
                                    .captions = access(captions, R_OK) == 0 ? captions : NULL,
                                    .captions_lang = "en",
                                    .chapters = access(chapters, R_OK) == 0 ? chapters : NULL,
                                    .unconfined = d->unconfined,
                                    .row = &row};
    fprintf(stderr, "Preparing the sample walkthrough, once …\n");
    int error = publish(d->db, &what, ret_message);
    memcpy(d->walkthrough, row.id, sizeof(row.id));
    snprintf(d->slug, sizeof(d->slug), "%s", row.slug);
    d->changed = true;
    return error;
}

static int make_visit(struct demo *d) {
    struct visit_row visit = {0};
    memcpy(visit.id, d->visit, sizeof(visit.id));
    if (visit.id[0] && visits_get(d->db, &visit) == 0 && visit.state != VISIT_ENDED) {
        return 0;
    }
    visit = (struct visit_row){.title = "A first look", .recording = RECORDING_OFF};
    memcpy(visit.host, d->rep.id, sizeof(visit.host));
    memcpy(visit.products[visit.product_count++], d->product, ID_MAX);
    int error = visits_create(d->db, &visit);
    memcpy(d->visit, visit.id, sizeof(visit.id));
    d->changed = true;
    return error;
}

static int make_invite(struct demo *d) {
    struct invite_open open = {0};
    struct invite_row invite = {.name = CUSTOMER_NAME};
    memcpy(open.token, d->invite, sizeof(open.token));
    if (open.token[0] && invites_open(d->db, &open) == 0 && strcmp(open.visit.id, d->visit) == 0) {
        return 0;
    }
    memcpy(invite.visit, d->visit, sizeof(invite.visit));
    int error = invites_create(d->db, &invite);
    memcpy(d->invite, invite.token, sizeof(d->invite));
    d->changed = true;
    return error;
}

static int run(struct demo *d, char *ret_message) {
    struct sign_in_code code = {.email = REP_EMAIL, .lifetime = LINK_LIFETIME};
    read_notes(d);
    int error = make_rep(d);
    error = error ? error : make_product(d, ret_message);
    error = error ? error : make_walkthrough(d, ret_message);
    error = error ? error : make_visit(d);
    error = error ? error : make_invite(d);
    int noted = d->changed ? write_notes(d) : 0; /* also what a failed run has made */
    error = error ? error : noted;
    error = error ? error : codes_create(d->db, &code);
    if (error) {
        return error;
    }
    printf("  Your console         %s/signin/%s\n", d->base_url, code.code);
    printf("  The customer's link  %s/v/%s\n", d->base_url, d->invite);
    printf("  A walkthrough        %s/w/%s\n", d->base_url, d->slug);
    return 0;
}

int command_demo(int argc, char **argv) {
    struct demo d = {.data = "data", .base_url = "http://localhost:8080"};
    char reason[CONFIG_REASON_MAX], assets[CONFIG_TEXT_MAX], pipeline[CONFIG_TEXT_MAX];
    char message[512] = "";
    bool help = false;
    const struct argument_rule rules[] = {
        {"data", &d.data, NULL},     {"base-url", &d.base_url, NULL},
        {"assets", &d.assets, NULL}, {"pipeline", &d.pipeline, NULL},
        {"help", NULL, &help},       {"unconfined", NULL, &d.unconfined},
    };
    const struct arguments a = {.rules = rules, .rule_count = sizeof(rules) / sizeof(*rules)};
    size_t words;
    if (arguments_parse(&a, argc, argv, &words, reason) != 0) {
        return fail_usage(reason, usage);
    }
    if (help) {
        fputs(usage, stdout);
        return EXIT_OK;
    }
    place_assets(assets, sizeof(assets));
    place_pipeline(pipeline, sizeof(pipeline));
    d.assets = d.assets ? d.assets : assets;
    d.pipeline = d.pipeline ? d.pipeline : pipeline;
    int error = database_open(d.data, NULL, &d.db);
    if (error) {
        return fail_store(error, d.data);
    }
    error = run(&d, message);
    database_close(d.db);
    if (!error) {
        return EXIT_OK;
    }
    return message[0] ? fail("%s", message) : fail_store(error, d.data);
}
