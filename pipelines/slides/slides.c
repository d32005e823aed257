#include "slides/slides.h"

#include "job/confine.h"
#include "job/control.h"
#include "job/elements.h"
#include "job/workplace.h"
#include "presentation/webp.h"
#include "slides/slides_page.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <gst/gst.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGES_MAX 500
#define FILE_MAX (300 * INT64_C(1000000))
#define PAGE_SECONDS_MAX 60
#define NICENESS 10
#define HEAD 1024 /* ISO 32000-1 annex H: "%PDF-" is somewhere in here */

struct slides {
    const char *in, *out, *title;
    struct failure failure;
    struct workplace workplace;
    GMainLoop *loop;
    atomic_int page, pages; /* drawn so far, of how many */
    atomic_bool cancelled, done;
    int waited_page; /* the watchdog's */
    gint64 waited_since, started;
    bool stopped; /* the drawing thread did not end by itself */
};

static bool parse(int argc, char **argv, struct slides *ret) {
    static const struct option table[] = {{"out", required_argument, NULL, 'o'},
                                          {"title", required_argument, NULL, 't'},
                                          {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "o:", table, NULL)) != -1;) {
        switch (c) {
        case 'o':
            ret->out = optarg;
            break;
        case 't':
            ret->title = optarg;
            break;
        default:
            return false;
        }
    }
    ret->in = optind + 1 == argc ? argv[optind] : NULL;
    return ret->in && ret->out;
}

static int check_file(const char *path, struct failure *failure) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char head[HEAD];
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        if (fd >= 0) {
            close(fd);
        }
        return failure_set(failure, "no_file", "The file %s cannot be opened.", path);
    }
    ssize_t n = pread(fd, head, sizeof(head), 0);
    close(fd);
    if (st.st_size == 0) {
        return failure_set(failure, "empty", "The file is empty. Export it again, then upload it.");
    }
    if (st.st_size > FILE_MAX) {
        return failure_set(failure, "too_big",
                           "The PDF is larger than %d MB. Export it with smaller pictures.",
                           (int)(FILE_MAX / 1000000));
    }
    if (n < 5 || !memmem(head, (size_t)n, "%PDF-", 5)) {
        return failure_set(failure, "not_a_pdf",
                           "This file is not a PDF. Export the slides as PDF and upload that.");
    }
    return 0;
}

static PopplerDocument *open_document(const char *path, struct failure *failure) {
    GError *error = NULL;
    char *uri = gst_filename_to_uri(path, NULL);
    PopplerDocument *document = uri ? poppler_document_new_from_file(uri, NULL, &error) : NULL;
    g_free(uri);
    if (document) {
        int pages = poppler_document_get_n_pages(document);
        if (pages >= 1 && pages <= PAGES_MAX) {
            return document;
        }
        g_object_unref(document);
        if (pages < 1) {
            failure_set(failure, "no_pages", "This PDF has no pages. Export the slides again.");
        } else {
            failure_set(failure, "too_many_pages",
                        "This PDF has %d pages; at most %d can be shown. Split it.", pages,
                        PAGES_MAX);
        }
        return NULL;
    }
    if (g_error_matches(error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED)) {
        failure_set(failure, "protected",
                    "This PDF asks for a password. Export it without one and upload that.");
    } else {
        failure_set(failure, "not_a_pdf",
                    "This PDF is damaged and cannot be opened. Export the slides again.");
    }
    g_clear_error(&error);
    return NULL;
}

static int write_json(json_t *json, const char *directory, const char *name,
                      struct failure *failure) {
    char *path = g_build_filename(directory, name, NULL);
    errno = 0;
    int r = json ? json_dump_file(json, path, JSON_COMPACT | JSON_REAL_PRECISION(6)) : -1;
    int error = errno;
    g_free(path);
    if (r < 0) {
        return error == ENOSPC || error == EDQUOT
                   ? failure_set(failure, "disk_full",
                                 "The server's disk is full. Free some space, then try again.")
                   : failure_set(failure, "cannot_write", "The slides cannot be written.");
    }
    return 0;
}

static int write_picture(cairo_surface_t *picture, const char *directory, const char *name,
                         struct failure *failure) {
    char *path = g_build_filename(directory, name, NULL);
    int r = webp_write(picture, path);
    g_free(path);
    if (r == -ENOSPC) {
        return failure_set(failure, "disk_full",
                           "The server's disk is full. Free some space, then try again.");
    }
    return r < 0 ? failure_set(failure, "cannot_write", "The picture of a page cannot be written.")
                 : 0;
}

static int convert_page(struct slides *s, PopplerDocument *document, int index, json_t *pages) {
    const char *directory = s->workplace.temporary;
    PopplerPage *page = poppler_document_get_page(document, index);
    cairo_surface_t *picture = page ? slides_page_draw(page) : NULL;
    if (!picture) {
        g_clear_object(&page);
        return failure_set(&s->failure, "bad_page",
                           "Page %d of the PDF is damaged. Export the slides again.", index + 1);
    }
    char image[32], text[32];
    snprintf(image, sizeof(image), "page-%d.webp", index + 1);
    snprintf(text, sizeof(text), "page-%d.json", index + 1);
    json_t *lines = slides_page_text(page);
    int r = write_picture(picture, directory, image, &s->failure);
    r = r < 0 ? r : write_json(lines, directory, text, &s->failure);
    json_decref(lines);
    json_array_append_new(pages, json_pack("{s:s,s:i,s:i,s:s}", "image", image, "width",
                                           cairo_image_surface_get_width(picture), "height",
                                           cairo_image_surface_get_height(picture), "text", text));
    cairo_surface_destroy(picture);
    g_object_unref(page);
    return r;
}

/* Given, else the document's own, else the file's name. Valid UTF-8; free with g_free. */
static char *title_of(const struct slides *s, PopplerDocument *document) {
    char *own = poppler_document_get_title(document);
    char *base = g_path_get_basename(s->in);
    char *dot = strrchr(base, '.');
    if (dot && dot != base) {
        *dot = 0;
    }
    const char *best = s->title ? s->title : own && own[0] ? own : base;
    char *title = g_utf8_make_valid(best, (gssize)MIN(strlen(best), 1000));
    g_free(base);
    g_free(own);
    return title;
}

static int convert(struct slides *s, PopplerDocument *document) {
    int count = poppler_document_get_n_pages(document), r = 0;
    json_t *pages = json_array();
    atomic_store(&s->pages, count);
    for (int i = 0; i < count && r == 0 && !atomic_load(&s->cancelled); i++) {
        r = convert_page(s, document, i, pages);
        atomic_store(&s->page, i + 1);
    }
    char *title = title_of(s, document);
    json_t *index = json_pack("{s:i,s:s,s:o}", "version", 1, "title", title, "pages", pages);
    g_free(title);
    if (r == 0 && !atomic_load(&s->cancelled)) {
        r = write_json(index, s->workplace.temporary, "index.json", &s->failure);
    }
    json_decref(index);
    return r;
}

/* In the main loop, for a quit before it runs would be lost. */
static gboolean quit(gpointer loop) {
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

/* Poppler cannot be interrupted: it draws in a thread of its own, watched by the main one. */
static gpointer draw(gpointer data) {
    struct slides *s = data;
    PopplerDocument *document = open_document(s->in, &s->failure);
    if (document) {
        (void)convert(s, document);
        g_object_unref(document);
    }
    atomic_store(&s->done, true);
    g_idle_add(quit, s->loop);
    return NULL;
}

static gboolean watch(gpointer data) {
    struct slides *s = data;
    int page = atomic_load(&s->page), pages = atomic_load(&s->pages);
    gint64 now = g_get_monotonic_time();
    if (page != s->waited_page) {
        s->waited_page = page;
        s->waited_since = now;
    }
    double spent = (double)(now - s->started) / 1e6;
    if (pages > 0) {
        report_progress((double)page / pages, "slides",
                        page > 0 ? spent * (pages - page) / page : 0);
    }
    if (now - s->waited_since > PAGE_SECONDS_MAX * G_USEC_PER_SEC) {
        atomic_store(&s->cancelled, true);
        g_main_loop_quit(s->loop);
    }
    return G_SOURCE_CONTINUE;
}

static void stop(void *data) {
    struct slides *s = data;
    s->stopped = true;
    atomic_store(&s->cancelled, true);
    g_main_loop_quit(s->loop);
}

static int enclose(const struct slides *s, struct failure *failure) {
    char *out = g_canonicalize_filename(s->out, NULL), *parent = g_path_get_dirname(out);
    const struct confinement confinement = {.read = {s->in}, .write = parent};
    int r = confine(&confinement, failure);
    g_free(parent);
    g_free(out);
    return r;
}

/* True when the drawing thread has ended. */
static bool supervise(struct slides *s) {
    s->loop = g_main_loop_new(NULL, FALSE);
    s->started = s->waited_since = g_get_monotonic_time();
    guint ticker = g_timeout_add(500, watch, s);
    control_watch(stop, s);
    GThread *thread = g_thread_new("draw", draw, s);
    g_main_loop_run(s->loop);
    g_source_remove(ticker);
    if (!atomic_load(&s->done)) {
        g_thread_unref(thread);
        return false;
    }
    g_thread_join(thread);
    return true;
}

static int finish(struct slides *s, bool drawn) {
    struct failure failure = {0};
    if (!drawn && s->stopped) {
        failure_set(&failure, "stopped", "The job was stopped before it was done.");
    } else if (!drawn) {
        failure_set(&failure, "too_long",
                    "Page %d of the PDF takes too long to draw. Simplify it and export again.",
                    s->waited_page + 1);
    } else {
        failure = s->failure;
        if (!failure.reason[0]) {
            workplace_commit(&s->workplace, &failure);
        }
    }
    workplace_clear(&s->workplace);
    if (failure.reason[0]) {
        report_failed(&failure);
        fprintf(stderr, "parlour-pipeline: %s\n", failure.message);
        return 1;
    }
    report_ready(0);
    return 0;
}

int slides_main(int argc, char **argv) {
    static struct slides s; /* the drawing thread may outlive this call */
    if (!parse(argc, argv, &s)) {
        return 2;
    }
    setpriority(PRIO_PROCESS, 0, NICENESS);
    report_event("started");
    if (elements_check(ELEMENT_SLIDES, &s.failure) < 0 || enclose(&s, &s.failure) < 0 ||
        check_file(s.in, &s.failure) < 0 || workplace_open(&s.workplace, s.out, &s.failure) < 0) {
        return finish(&s, true);
    }
    bool drawn = supervise(&s);
    int r = finish(&s, drawn);
    if (!drawn) {
        fflush(NULL);
        _exit(r); /* what still draws is not waited for */
    }
    return r;
}
