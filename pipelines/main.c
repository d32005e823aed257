/* parlour-pipeline: one media job a process. */
#include "compile/compile.h"
#include "compile/thumbs.h"
#include "job/confine.h"
#include "job/control.h"
#include "job/doctor.h"
#include "job/watchdog.h"
#include "key/flatten.h"
#include "key/key.h"
#include "live/ingest.h"
#include "replay/assemble.h"
#include "replay/enrich.h"
#include "replay/record.h"
#include "rtmp/gate.h"
#include "slides/slides.h"

#include <gst/gst.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define IDLE_MOST 30 /* seconds without work of a job that does not wait for anybody */

static const char usage[] =
    "Usage: parlour-pipeline compile IN --out DIR [--title T] [--captions FILE.vtt --lang en\n"
    "                                [--label English]] [--chapters FILE.json]\n"
    "                                [--poster FILE.jpg] [--key auto|RRGGBB]\n"
    "       parlour-pipeline ingest --source test|FILE|playlist:FILE|rtmp:SOCKET|srt://…|rtsp://…\n"
    "                               [--loop] (--codec vp8|h264 | --rungs h264:720,vp8:360)\n"
    "                               [--hold FILE.jpg] [--passphrase-env NAME] [--key auto|RRGGBB]\n"
    "                               (--fd N | --socket PATH) [--size WxH] [--fps N]\n"
    "       parlour-pipeline gate --listen ADDR:PORT --dir DIR\n"
    "       parlour-pipeline record --fd N --out DIR\n"
    "       parlour-pipeline assemble RECORDING --out DIR [--title T]\n"
    "       parlour-pipeline enrich PRESENTATION\n"
    "       parlour-pipeline slides IN.pdf --out DIR [--title T]\n"
    "       parlour-pipeline thumbs IN --out DIR\n"
    "       parlour-pipeline key IN --out FILE.mp4 [--key auto|RRGGBB]\n"
    "       parlour-pipeline flatten IN.mp4 --out FILE.mp4\n"
    "       parlour-pipeline doctor\n"
    "With --unconfined as its first word a job may read and write everything.\n";

static const struct {
    const char *name;
    int (*main)(int argc, char **argv);
    bool works; /* until it is done, without waiting for anybody */
} jobs[] = {{"compile", compile_main, true}, {"assemble", assemble_main, true},
            {"enrich", enrich_main, true},   {"slides", slides_main, true},
            {"thumbs", thumbs_main, true},   {"ingest", ingest_main, false},
            {"record", record_main, false},  {"gate", gate_main, false},
            {"doctor", doctor_main, false},  {"key", key_main, true},
            {"flatten", flatten_main, true}};

/* GLib ends the process when memory or threads are refused; say so first. */
static void last_words(const char *domain, GLogLevelFlags level, const char *message,
                       gpointer unused) {
    bool starved = (level & G_LOG_FLAG_FATAL) && message &&
                   (strstr(message, "failed to allocate") || strstr(message, "creating thread"));
    if (starved) {
        watchdog_end("too_much_memory",
                     "The converter needed more memory than it may have while reading this file. "
                     "Export it smaller, then upload that.");
    }
    g_log_default_handler(domain, level, message, unused);
}

int main(int argc, char **argv) {
    if (!control_follow_parent()) {
        return 1;
    }
    if (argc > 1 && strcmp(argv[1], "--unconfined") == 0) {
        confine_off();
        argv[1] = argv[0];
        argc--;
        argv++;
    }
    for (size_t i = 0; argc > 1 && i < G_N_ELEMENTS(jobs); i++) {
        if (strcmp(argv[1], jobs[i].name) == 0) {
            if (jobs[i].works) {
                watchdog_expect_work(IDLE_MOST);
            }
            gst_init(NULL, NULL);
            g_log_set_default_handler(last_words, NULL);
            /* getopt starts behind the job's name */
            int r = jobs[i].main(argc - 1, argv + 1);
            if (r == 2) {
                fputs(usage, stderr);
            }
            return r;
        }
    }
    bool help = argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    fputs(usage, help ? stdout : stderr);
    return help ? 0 : 2;
}
