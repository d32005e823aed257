#include "compile/compile.h"

#include "compile/compile_audio.h"
#include "compile/compile_video.h"
#include "compile/shrink.h"
#include "input/bounds.h"
#include "input/captions_file.h"
#include "input/still.h"
#include "job/confine.h"
#include "job/control.h"
#include "job/elements.h"
#include "job/workplace.h"
#include "key/key_layout.h"

#include <getopt.h>
#include <glib/gstdio.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define SURVEY_SHARE 0.02
#define AUDIO_SHARE 0.12 /* of the work */
#define MUX_SHARE 0.01
#define SHRINK_SHARE 0.6 /* of the pictures' part, where they are very large */
#define PICTURE_BYTES (1 << 20)
#define NICENESS 10 /* live media on the same machine goes first */

struct options {
    const char *in, *out, *title, *captions, *lang, *label, *chapters, *poster;
    int key; /* KEY_COLOUR_NONE, or as key_layout.h has it */
};

static bool parse(int argc, char **argv, struct options *ret) {
    static const struct option table[] = {
        {"out", required_argument, NULL, 'o'},
        {"title", required_argument, NULL, 't'},
        {"captions", required_argument, NULL, 'c'},
        {"lang", required_argument, NULL, 'l'},
        {"label", required_argument, NULL, 'b'},
        {"chapters", required_argument, NULL, 'h'},
        {"poster", required_argument, NULL, 'p'},
        {"key", required_argument, NULL, 'k'},
        {NULL, 0, NULL, 0},
    };
    *ret = (struct options){.lang = "en", .key = KEY_COLOUR_NONE};
    for (int c; (c = getopt_long(argc, argv, "o:", table, NULL)) != -1;) {
        switch (c) {
        case 'o':
            ret->out = optarg;
            break;
        case 't':
            ret->title = optarg;
            break;
        case 'c':
            ret->captions = optarg;
            break;
        case 'l':
            ret->lang = optarg;
            break;
        case 'b':
            ret->label = optarg;
            break;
        case 'h':
            ret->chapters = optarg;
            break;
        case 'p':
            ret->poster = optarg;
            break;
        case 'k':
            if (!key_colour_parse(optarg, &ret->key)) {
                return false;
            }
            break;
        default:
            return false;
        }
    }
    ret->in = optind + 1 == argc ? argv[optind] : NULL;
    return ret->in && ret->out && captions_lang_valid(ret->lang);
}

/* A file may promise more than it holds. */
static int check_whole(const struct probe *probe, double end, struct failure *failure) {
    if (probe->duration > 0 && end < probe->duration * 0.9 - 1) {
        return failure_set(
            failure, "cut_off",
            "The file is cut off: it holds only %.0f of its %.0f seconds. Export or copy "
            "it again, then upload the whole file.",
            end, probe->duration);
    }
    return 0;
}

/* The video stage of a film with very large pictures: in two steps. */
static int show_smaller(const struct options *options, const struct probe *probe,
                        const char *directory, struct aac_sink *aac, struct compile_key *key,
                        struct stage *stage, struct manifest *manifest, double *ret_end) {
    char *path = g_build_filename(directory, "smaller.mkv", NULL);
    struct stage first = *stage, second = *stage;
    struct probe small;
    first.to = second.from = stage->from + (stage->to - stage->from) * SHRINK_SHARE;
    int r = shrink_film(options->in, probe, path, &first, &small);
    r = r < 0 ? r
              : compile_video(path, &small, NULL, key, directory, aac, &second, manifest, ret_end);
    g_unlink(path);
    g_free(path);
    return r;
}

/* The video stage: the file's own picture, or a still one for as long as there is sound. */
static int show(const struct options *options, const struct probe *probe, const char *directory,
                struct aac_sink *aac, double audio_end, struct compile_key *key,
                struct stage *stage, struct manifest *manifest, double *ret_end) {
    if (shrink_needed(probe)) {
        return show_smaller(options, probe, directory, aac, key, stage, manifest, ret_end);
    }
    if (probe->has_picture) {
        return compile_video(options->in, probe, NULL, key, directory, aac, stage, manifest,
                             ret_end);
    }
    char *path = g_build_filename(directory, "still.jpg", NULL);
    const struct still_picture still = {.path = path, .seconds = audio_end};
    int r = still_make(options->in, options->poster, manifest->title, path, stage->failure);
    r = r < 0 ? r
              : compile_video(options->in, probe, &still, NULL, directory, aac, stage, manifest,
                              ret_end);
    g_unlink(path);
    g_free(path);
    return r;
}

static int build(const struct options *options, const struct probe *probe, const char *directory,
                 struct manifest *manifest, struct failure *failure) {
    double video_end = 0, audio_end = 0;
    struct stage stage = {
        .failure = failure, .duration = probe->duration, .job_started = g_get_monotonic_time()};
    if (options->captions && captions_import(options->captions, options->lang, options->label,
                                             directory, manifest, failure) < 0) {
        return -1;
    }
    struct survey survey = {0};
    struct aac_sink aac = {0};
    struct stage look = stage;
    look.name = "survey";
    look.to = SURVEY_SHARE;
    if (survey_file(options->in, probe, directory, &look, manifest, &survey) < 0) {
        return -1;
    }
    double share = SURVEY_SHARE + (probe->has_sound ? AUDIO_SHARE : 0);
    stage.name = "video";
    stage.from = share;
    stage.to = 1 - MUX_SHARE;
    if (probe->has_sound) {
        struct stage audio = stage;
        audio.name = "audio";
        audio.from = SURVEY_SHARE;
        audio.to = share;
        int heard = compile_audio(options->in, probe, &survey, directory, &audio, manifest, &aac,
                                  &audio_end);
        if (heard < 0) {
            aac_sink_clear(&aac);
            return -1;
        }
    }
    struct compile_key key = {.colour = options->key};
    int r = show(options, probe, directory, &aac, audio_end,
                 options->key == KEY_COLOUR_NONE ? NULL : &key, &stage, manifest, &video_end);
    aac_sink_clear(&aac);
    if (r < 0) {
        return -1;
    }
    manifest->has_source = true;
    manifest->source = probe->source;
    manifest->duration = video_end > audio_end ? video_end : audio_end;
    if (check_whole(probe, manifest->duration, failure) < 0) {
        return -1;
    }
    manifest_settle_chapters(manifest, manifest->duration);
    int written = manifest_write(manifest, directory);
    manifest->matte = NULL; /* was of this function */
    if (written < 0) {
        return failure_set(failure, "cannot_write", "The manifest cannot be written.");
    }
    return 0;
}

static int check_key(int colour, bool has_picture, struct failure *failure) {
    if (!has_picture) {
        return failure_set(failure, "no_picture",
                           "The file has sound alone: there is nobody to cut out. Compile it "
                           "without a key.");
    }
    return key_check(colour, failure);
}

static int run(const struct options *options, struct manifest *manifest, struct failure *failure) {
    struct probe probe;
    struct workplace workplace = {0};
    if (elements_check(ELEMENT_COMPILE, failure) < 0 ||
        probe_any(options->in, &probe, failure) < 0 ||
        bounds_check_picture(probe.picture.width, probe.picture.height, failure) < 0 ||
        bounds_check_length(probe.duration, failure) < 0) {
        return -1;
    }
    if (options->key != KEY_COLOUR_NONE &&
        check_key(options->key, probe.has_picture, failure) < 0) {
        return -1;
    }
    if (options->chapters && !manifest_load_chapters(manifest, options->chapters)) {
        return failure_set(failure, "bad_chapters",
                           "The chapters file %s is not a JSON list of {t, title}.",
                           options->chapters);
    }
    if (workplace_open(&workplace, options->out, failure) < 0) {
        return -1;
    }
    int r = build(options, &probe, workplace.temporary, manifest, failure);
    r = r < 0 ? r : workplace_commit(&workplace, failure);
    workplace_clear(&workplace);
    return r;
}

/* From here on only these files are there. */
static int enclose(const struct options *options, struct failure *failure) {
    char *out = g_canonicalize_filename(options->out, NULL), *parent = g_path_get_dirname(out);
    const struct confinement confinement = {
        .read = {options->in, options->captions, options->chapters, options->poster},
        .write = parent};
    int r = confine(&confinement, failure);
    g_free(parent);
    g_free(out);
    return r;
}

int compile_main(int argc, char **argv) {
    struct options options;
    if (!parse(argc, argv, &options)) {
        return 2;
    }
    struct failure failure = {0};
    char *base = g_path_get_basename(options.in);
    char *dot = strrchr(base, '.');
    if (dot && dot != base) {
        *dot = 0;
    }
    char *title = g_utf8_make_valid(options.title ? options.title : base, -1);
    struct manifest manifest = {.title = title};
    (void)mallopt(M_MMAP_THRESHOLD, PICTURE_BYTES); /* fixed: pictures go back when freed */
    setpriority(PRIO_PROCESS, 0, NICENESS);
    report_event("started");
    int r = enclose(&options, &failure);
    if (r == 0) {
        control_watch(stage_stop, NULL);
        r = run(&options, &manifest, &failure);
    }
    if (r < 0) {
        report_failed(&failure);
        fprintf(stderr, "parlour-pipeline: %s\n", failure.message);
    } else {
        report_ready(manifest.duration);
    }
    g_free(title);
    g_free(base);
    return r < 0 ? 1 : 0;
}
