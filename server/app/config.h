/* app/config.h: the settings of a server: one table of keys with type, default, limits and help,
 * read from a file of `key = value` lines and overridden by `--key value` on the command line. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_TEXT_MAX 512

struct config {
    char data[CONFIG_TEXT_MAX];
    char listen_address[64]; /* "" for every address, IPv4 and IPv6 */
    uint64_t listen_port;
    uint64_t media_port;
    char media_bind[64];
    char media_tcp_port[16]; /* "same", or a number; "0" none */
    char public_ip[CONFIG_TEXT_MAX];
    char base_url[CONFIG_TEXT_MAX];
    char ice_servers[CONFIG_TEXT_MAX];
    char turn_urls[CONFIG_TEXT_MAX], turn_secret_file[CONFIG_TEXT_MAX];
    char tls_cert[CONFIG_TEXT_MAX], tls_key[CONFIG_TEXT_MAX];
    char web_root[CONFIG_TEXT_MAX];
    char pipeline[CONFIG_TEXT_MAX];
    char company[128];
    char rtmp_listen[64]; /* "" none */
    char srt_ports[16];   /* "9000-9099" */
    char log_level[16];
    bool trust_proxy;

    uint64_t media_threads, media_spread_from;
    uint64_t sessions_max, packets_max;
    uint64_t media_tcp_connections, media_tcp_per_address;
    uint64_t connections_max, connections_per_address;
    uint64_t sessions_per_address, session_rate_per_address;
    uint64_t model_max, image_max, film_questions_max, question_rate_per_address;
    uint64_t body_max, upload_max, uploads_open_max, upload_idle_hours;
    uint64_t visits_open_max, participants_max, sources_max;
    uint64_t users_max, tokens_max, products_max, visits_max, invites_max, walkthroughs_max;
    uint64_t live_sources_max, slides_max;
    uint64_t recordings_min_free, recording_hours_max;
    uint64_t drain_seconds;
    uint64_t compile_jobs, jobs_max;
    uint64_t job_memory, job_silence, job_hours;
    bool unconfined;
    uint64_t login_failures, session_days;
};

#define CONFIG_REASON_MAX 640

void config_defaults(struct config *c);

/* One setting by its key as in the file ("media_port") or on the command line ("media-port").
 * 0, -ENOENT unknown key, -EINVAL bad value; the reason is a sentence. */
int config_set(struct config *c, const char *key, const char *value,
               char ret_reason[static CONFIG_REASON_MAX]);

/* True when `key` is one that takes no value on the command line ("--trust-proxy"). */
bool config_is_flag(const char *key);

/* Reads a file over what is there. 0 or −errno; the reason names file, line and remedy. */
int config_read(struct config *c, const char *path, char ret_reason[static CONFIG_REASON_MAX]);

/* What several keys say together (certificate without key …). 0 or -EINVAL with the reason. */
int config_check(const struct config *c, char ret_reason[static CONFIG_REASON_MAX]);

/* `media_tcp_port` as media_config takes it. False: it is no port. */
bool config_media_tcp_port(const struct config *c, int *ret_port, bool *ret_may_fail);

/* The two ends of `srt_ports`. False: it is no range of ports. */
bool config_srt_ports(const struct config *c, uint16_t *ret_first, uint16_t *ret_last);

/* The table, for `parlour serve --help`. */
void config_print_help(FILE *out);
