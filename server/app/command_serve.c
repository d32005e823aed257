/* parlour serve: starts the parts in order (config, store, HTTP port, media port, pipelines),
 * serves until SIGTERM (drain_seconds later) or SIGINT (at once), ends them in the opposite order.
 * SIGHUP reads the certificate again. */
#include "app/arguments.h"
#include "app/commands.h"
#include "app/pipeline_process.h"
#include "app/places.h"
#include "app/plugin_check.h"
#include "app/say.h"
#include "app/turn_secret.h"
#include "base/log.h"
#include "media/media_api.h"
#include "signal/server.h"
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char usage[] = "Usage: parlour serve [--config FILE] [--SETTING VALUE …]\n";

struct serve {
    struct config config;
    char turn_secret[TURN_SECRET_MAX];
    pthread_mutex_t wake_lock; /* other threads may wake while the end is near */
    struct signal *awake;      /* NULL: nobody to wake (any more) */
    struct signal *signal;
    struct media *media;
    struct store *store;
    struct pipelines *pipelines;
    struct jobs jobs;
    pthread_t plugin_thread;
    bool plugins_asked;
    int plugin_error;
    struct plugin_check plugins;
};

static struct signal *volatile to_signal; /* for the signal handler */

static void on_signal(int number) {
    struct signal *s = to_signal;
    int kept = errno;
    if (s && number == SIGHUP) {
        signal_reload_tls(s);
    } else if (s && number == SIGTERM) {
        signal_drain(s);
    } else if (s) {
        signal_stop(s);
    }
    errno = kept;
}

static void catch_signals(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* Blocked while threads are made, so that only the control thread gets them. */
static void block_signals(int how) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(how, &set, NULL);
}

static void wake(void *ctx) {
    struct serve *s = ctx;
    pthread_mutex_lock(&s->wake_lock);
    if (s->awake) {
        signal_wake(s->awake);
    }
    pthread_mutex_unlock(&s->wake_lock);
}

static void set_awake(struct serve *s, struct signal *signal) {
    pthread_mutex_lock(&s->wake_lock);
    s->awake = signal;
    pthread_mutex_unlock(&s->wake_lock);
}

static void service(void *ctx) {
    struct serve *s = ctx;
    if (s->store) {
        store_service(s->store);
    }
}

/* ---- Starting ---- */

static void fill_places(struct config *c) {
    if (!c->pipeline[0]) {
        place_pipeline(c->pipeline, sizeof(c->pipeline));
    }
    if (!c->web_root[0]) {
        place_web_root(c->web_root, sizeof(c->web_root));
    }
}

static void raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* GStreamer takes a while to look at its plug-ins: ask meanwhile. */
static void *ask_plugins(void *ctx) {
    struct serve *s = ctx;
    s->plugin_error = plugin_check_run(s->config.pipeline, &s->plugins, NULL);
    return NULL;
}

static int start_store(struct serve *s) {
    const struct config *c = &s->config;
    const struct store_config config = {
        .dir = c->data,
        .limits = {.users = c->users_max,
                   .tokens = c->tokens_max,
                   .products = c->products_max,
                   .visits = c->visits_max,
                   .invites_per_visit = c->invites_max,
                   .walkthroughs = c->walkthroughs_max,
                   .film_questions = c->film_questions_max,
                   .sources = c->live_sources_max,
                   .slides = c->slides_max,
                   .login_failures = (unsigned)c->login_failures,
                   .session_days = (unsigned)c->session_days},
        .wake = wake,
        .wake_ctx = s,
    };
    int error = store_new(&config, &s->store);
    return error ? fail_store(error, c->data) : EXIT_OK;
}

static int start_signal(struct serve *s) {
    const struct config *c = &s->config;
    struct signal_config config = {
        .listen_ip = c->listen_address,
        .port = (uint16_t)c->listen_port,
        .tls_cert = c->tls_cert,
        .tls_key = c->tls_key,
        .data_dir = c->data,
        .web_root = c->web_root,
        .public_url = c->base_url,
        .public_ip = c->public_ip,
        .company = c->company,
        .ice_servers = c->ice_servers,
        .turn_urls = c->turn_urls,
        .turn_secret = s->turn_secret,
        .rtmp_listen = c->rtmp_listen,
        .trust_proxy = c->trust_proxy,
        .connections_max = c->connections_max,
        .connections_per_address = c->connections_per_address,
        .sessions_max = c->sessions_max,
        .sessions_per_address = c->sessions_per_address,
        .session_rate_per_address = c->session_rate_per_address,
        .body_max = c->body_max,
        .upload_max = c->upload_max,
        .model_max = c->model_max,
        .question_rate_per_address = (unsigned)c->question_rate_per_address,
        .image_max = c->image_max,
        .uploads_open_max = c->uploads_open_max,
        .upload_idle_hours = c->upload_idle_hours,
        .recordings_min_free = c->recordings_min_free,
        .recording_hours_max = c->recording_hours_max,
        .drain_seconds = c->drain_seconds,
        .participants_max = c->participants_max,
        .sources_max = c->sources_max,
        .visits_open_max = c->visits_open_max,
        .service = service,
        .service_ctx = s,
    };
    const char *reason = NULL;
    config_srt_ports(c, &config.srt_first, &config.srt_last);
    int error = signal_new(&config, &s->signal, &reason);
    if (!error) {
        return EXIT_OK;
    }
    if (error == -EADDRINUSE) {
        return fail("Port %u is in use; stop the program that has it, or choose another with "
                    "--listen ADDR:PORT.",
                    (unsigned)c->listen_port);
    }
    return reason ? fail("%s", reason)
                  : fail("The HTTP port cannot be opened: %s.", strerror(-error));
}

static int start_media(struct serve *s) {
    const struct config *c = &s->config;
    struct media_config config = {
        .port = (uint16_t)c->media_port,
        .threads = (unsigned)c->media_threads,
        .spread_from = (unsigned)c->media_spread_from,
        .sessions_max = c->sessions_max,
        .packets_max = c->packets_max,
        .tcp_connections_max = c->media_tcp_connections,
        .tcp_connections_per_address = c->media_tcp_per_address,
        .wake = wake,
        .wake_ctx = s,
    };
    snprintf(config.bind, sizeof(config.bind), "%s", c->media_bind);
    config_media_tcp_port(c, &config.tcp_port, &config.tcp_may_fail);
    int error = media_new(&config, &s->media);
    if (!error) {
        return EXIT_OK;
    }
    if (error == -EADDRINUSE) {
        return fail(
            "UDP port %u or TCP port %s of media is in use; stop the program that has it, or "
            "choose another with --media-port N or --media-tcp-port N.",
            (unsigned)c->media_port, c->media_tcp_port);
    }
    return fail(
        "UDP port %u cannot be opened (%s); choose another with --media-port N or --media-bind "
        "IP.",
        (unsigned)c->media_port, strerror(-error));
}

static int start_pipelines(struct serve *s) {
    char rooms[JOB_PATH_MAX];
    if (!place_join(rooms, sizeof(rooms), s->config.data, "jobs")) {
        return fail("The name of the data directory is too long.");
    }
    const struct pipelines_config config = {
        .program = s->config.pipeline,
        .rooms = rooms,
        .compile_jobs = s->config.compile_jobs,
        .jobs_max = s->config.jobs_max,
        .limits = {.memory = s->config.job_memory,
                   .silence = (unsigned)s->config.job_silence,
                   .seconds = 3600 * (unsigned)s->config.job_hours},
        .unconfined = s->config.unconfined,
        .wake = wake,
        .wake_ctx = s};
    int error = pipelines_new(&config, &s->pipelines);
    if (error) {
        return fail("The pipeline supervisor cannot be started: %s.", strerror(-error));
    }
    pipelines_jobs(s->pipelines, &s->jobs);
    return EXIT_OK;
}

/* A missing plug-in is an end, a missing program (a server for live visits only) is not. */
static int check_plugins(struct serve *s) {
    if (!s->plugins_asked) {
        return EXIT_OK;
    }
    pthread_join(s->plugin_thread, NULL);
    s->plugins_asked = false;
    if (s->plugin_error) {
        log_warn("pipelines.missing", "program=%s error=%d remedy=\"build it or set pipeline\"",
                 s->config.pipeline, -s->plugin_error);
        return EXIT_OK;
    }
    if (s->config.unconfined) {
        log_warn("pipelines.unconfined", "risk=\"a film that breaks a decoder reaches all files\"");
    } else if (s->plugins.confinement && (!s->plugins.landlock || !s->plugins.seccomp)) {
        log_warn("pipelines.no_confinement",
                 "remedy=\"a kernel with Landlock, or the setting unconfined; until then no film "
                 "is prepared\"");
    }
    if (s->plugins.missing == 0) {
        return EXIT_OK;
    }
    return fail("%u GStreamer plug-in%s missing, first %s (%s): apt-get install %s; parlour doctor "
                "lists all.",
                s->plugins.missing, s->plugins.missing == 1 ? " is" : "s are", s->plugins.element,
                s->plugins.purpose, s->plugins.package);
}

static int start(struct serve *s) {
    int code = start_store(s);
    if (code == EXIT_OK) {
        s->plugins_asked = pthread_create(&s->plugin_thread, NULL, ask_plugins, s) == 0;
        code = start_signal(s);
    }
    if (code == EXIT_OK) {
        set_awake(s, s->signal);
        code = start_media(s);
    }
    if (code == EXIT_OK) {
        code = start_pipelines(s);
    }
    return code == EXIT_OK ? check_plugins(s) : code;
}

/* ---- Ending ---- */

static void end(struct serve *s) {
    to_signal = NULL;
    if (s->plugins_asked) {
        pthread_join(s->plugin_thread, NULL);
    }
    set_awake(s, NULL);
    signal_free(s->signal);
    pipelines_free(s->pipelines);
    media_free(s->media);
    store_free(s->store);
    pthread_mutex_destroy(&s->wake_lock);
}

static int serve(struct serve *s) {
    const struct config *c = &s->config;
    const struct signal_parts parts = {.media = s->media, .store = s->store, .jobs = &s->jobs};
    signal_attach(s->signal, &parts);
    to_signal = s->signal;
    catch_signals();
    block_signals(SIG_UNBLOCK);
    log_info("server.ready", "http=%s:%u tls=%s media_port=%u media_tcp_port=%u",
             c->listen_address[0] ? c->listen_address : "*", (unsigned)signal_port(s->signal),
             c->tls_cert[0] ? "yes" : "no", (unsigned)media_port(s->media),
             (unsigned)media_tcp_port(s->media));
    int error = signal_run(s->signal);
    block_signals(SIG_BLOCK);
    log_info("server.ending", "error=%d", -error);
    return error ? fail("The server stopped: %s.", strerror(-error)) : EXIT_OK;
}

static enum log_level level_of(const char *name) {
    switch (name[0]) {
    case 'd':
        return LOG_DEBUG;
    case 'w':
        return LOG_WARN;
    case 'e':
        return LOG_ERROR;
    default:
        return LOG_INFO;
    }
}

int command_serve(int argc, char **argv) {
    static struct serve s;
    char reason[CONFIG_REASON_MAX], real[PATH_MAX];
    bool help = false;
    const struct argument_rule rules[] = {{"help", NULL, &help}};
    const struct arguments a = {.rules = rules, .rule_count = 1, .config = &s.config};
    size_t words;
    config_defaults(&s.config);
    if (arguments_parse(&a, argc, argv, &words, reason) != 0 ||
        (!help && (config_check(&s.config, reason) != 0 ||
                   turn_secret_read(&s.config, s.turn_secret, reason) != 0))) {
        return fail_usage(reason, usage);
    }
    if (help) {
        fputs(usage, stdout);
        fputs("The same settings stand in a file as lines `setting = value` (with _ for -).\n",
              stdout);
        config_print_help(stdout);
        return EXIT_OK;
    }
    fill_places(&s.config);
    log_set_level(level_of(s.config.log_level));
    raise_file_limit();
    block_signals(SIG_BLOCK);
    pthread_mutex_init(&s.wake_lock, NULL);
    int code = start(&s);
    if (code == EXIT_OK) {
        if (realpath(s.config.data, real)) {
            log_info("server.data", "dir=%s", real);
        }
        code = serve(&s);
    }
    end(&s);
    return code;
}
