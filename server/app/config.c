#include "app/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum config_type { TEXT, NUMBER, SIZE, FLAG, LISTEN };

struct config_rule {
    const char *key, *metavar;
    enum config_type type;
    size_t offset, room; /* of the field; room: bytes of a TEXT */
    uint64_t min, max;
    const char *start; /* default, in the words of the file */
    const char *help;
};

#define FIELD(name) offsetof(struct config, name), sizeof(((struct config *)0)->name)

static const struct config_rule rules[] = {
    {"data", "DIR", TEXT, FIELD(data), 0, 0, "data", "where visits, uploads and films are kept"},
    {"listen", "ADDR:PORT", LISTEN, FIELD(listen_address), 0, 65535, "127.0.0.1:8080",
     "HTTP address; [::]:443 or :443 for every address"},
    {"media_port", "N", NUMBER, FIELD(media_port), 0, 65535, "3478",
     "the one UDP port for all media; 0 lets the system choose"},
    {"media_tcp_port", "N", TEXT, FIELD(media_tcp_port), 0, 0, "same",
     "TCP port of media for networks without UDP; same: the media port's number, unless that is "
     "taken; 0: none"},
    {"media_bind", "IP", TEXT, FIELD(media_bind), 0, 0, "",
     "address of the media port; empty: all"},
    {"public_ip", "IP,…", TEXT, FIELD(public_ip), 0, 0, "",
     "addresses that clients reach behind NAT, besides the machine's own"},
    {"base_url", "URL", TEXT, FIELD(base_url), 0, 0, "",
     "https://parlour.example.com; empty: what the browser asked for"},
    {"ice_servers", "LIST", TEXT, FIELD(ice_servers), 0, 0, "",
     "stun:host:port,turn:host:port?user=U&pass=P"},
    {"turn_urls", "LIST", TEXT, FIELD(turn_urls), 0, 0, "",
     "turn:host:port?transport=udp,…?transport=tcp,turns:host:443?transport=tcp of a coturn with "
     "use-auth-secret"},
    {"turn_secret_file", "FILE", TEXT, FIELD(turn_secret_file), 0, 0, "",
     "its static-auth-secret, one line; or PARLOUR_TURN_SECRET in the environment"},
    {"tls_cert", "FILE", TEXT, FIELD(tls_cert), 0, 0, "", "certificate chain, PEM; SIGHUP reloads"},
    {"tls_key", "FILE", TEXT, FIELD(tls_key), 0, 0, "", "its private key, PEM"},
    {"trust_proxy", "", FLAG, FIELD(trust_proxy), 0, 1, "no",
     "believe X-Forwarded-For and X-Forwarded-Proto"},
    {"web_root", "DIR", TEXT, FIELD(web_root), 0, 0, "",
     "built pages; empty: found beside the program"},
    {"pipeline", "FILE", TEXT, FIELD(pipeline), 0, 0, "",
     "parlour-pipeline; empty: found beside the program"},
    {"rtmp_listen", "ADDR:PORT", TEXT, FIELD(rtmp_listen), 0, 0, "",
     "where OBS and hardware encoders send RTMP, usually 0.0.0.0:1935; empty: nowhere"},
    {"srt_ports", "A-B", TEXT, FIELD(srt_ports), 0, 0, "9000-9099",
     "UDP ports that sources which send SRT to us are given"},
    {"company", "NAME", TEXT, FIELD(company), 0, 0, "Parlour", "shown to customers"},
    {"log_level", "LEVEL", TEXT, FIELD(log_level), 0, 0, "info", "debug, info, warn or error"},
    {"media_threads", "N", NUMBER, FIELD(media_threads), 0, 64, "0", "0: one per core"},
    {"sessions_max", "N", NUMBER, FIELD(sessions_max), 1, 100000, "4096", "WHIP and WHEP sessions"},
    {"sessions_per_address", "N", NUMBER, FIELD(sessions_per_address), 1, 100000, "1024",
     "of one client address"},
    {"session_rate_per_address", "N", NUMBER, FIELD(session_rate_per_address), 1, 1000000, "6000",
     "new ones a minute from one client address"},
    {"media_spread_from", "N", NUMBER, FIELD(media_spread_from), 0, 1000000, "16",
     "viewers of a visit on its own media thread before the others take some too"},
    {"media_tcp_connections", "N", NUMBER, FIELD(media_tcp_connections), 1, 1000000, "8192",
     "of sessions without UDP"},
    {"media_tcp_per_address", "N", NUMBER, FIELD(media_tcp_per_address), 1, 1000000, "1024",
     "of one client address"},
    {"packets_max", "N", NUMBER, FIELD(packets_max), 1024, 16777216, "65536",
     "packets kept by the media plane (1.5 KB each)"},
    {"connections_max", "N", NUMBER, FIELD(connections_max), 16, 100000, "8192",
     "HTTP and WebSocket connections"},
    {"connections_per_address", "N", NUMBER, FIELD(connections_per_address), 1, 100000, "512",
     "of one client address"},
    {"body_max", "BYTES", SIZE, FIELD(body_max), 4096, 64u << 20, "256K", "one API request"},
    {"upload_max", "BYTES", SIZE, FIELD(upload_max), 1024, 1ull << 42, "16G", "one upload"},
    {"uploads_open_max", "N", NUMBER, FIELD(uploads_open_max), 1, 100000, "200",
     "uploads that are not complete"},
    {"upload_idle_hours", "N", NUMBER, FIELD(upload_idle_hours), 1, 8760, "24",
     "an upload that grows no more, or that nobody uses, is removed"},
    {"model_max", "BYTES", SIZE, FIELD(model_max), 1024, 256u << 20, "32M",
     "a product's 3D model; what phones have to fetch and show"},
    {"image_max", "BYTES", SIZE, FIELD(image_max), 1024, 64u << 20, "8M", "a product's image"},
    {"visits_open_max", "N", NUMBER, FIELD(visits_open_max), 1, 100000, "1000",
     "visits that somebody is in"},
    {"participants_max", "N", NUMBER, FIELD(participants_max), 1, 512, "200", "of one visit"},
    {"sources_max", "N", NUMBER, FIELD(sources_max), 1, 32, "32", "of one visit"},
    {"users_max", "N", NUMBER, FIELD(users_max), 1, 1000000, "1000", "staff"},
    {"tokens_max", "N", NUMBER, FIELD(tokens_max), 1, 1000000, "1000", "API tokens"},
    {"products_max", "N", NUMBER, FIELD(products_max), 1, 1000000, "10000", "products"},
    {"visits_max", "N", NUMBER, FIELD(visits_max), 1, 10000000, "100000", "visits, past ones too"},
    {"invites_max", "N", NUMBER, FIELD(invites_max), 1, 100000, "500", "of one visit"},
    {"walkthroughs_max", "N", NUMBER, FIELD(walkthroughs_max), 1, 1000000, "10000", "walkthroughs"},
    {"film_questions_max", "N", NUMBER, FIELD(film_questions_max), 1, 100000, "500",
     "asked at seconds of one walkthrough"},
    {"question_rate_per_address", "N", NUMBER, FIELD(question_rate_per_address), 1, 100000, "10",
     "asked of walkthroughs in ten minutes by one client address"},
    {"live_sources_max", "N", NUMBER, FIELD(live_sources_max), 1, 10000, "100",
     "kept live sources"},
    {"recordings_min_free", "BYTES", SIZE, FIELD(recordings_min_free), 1, 1ull << 50, "1G",
     "free on the disk, or nothing is recorded"},
    {"recording_hours_max", "N", NUMBER, FIELD(recording_hours_max), 1, 1000, "12", "of one visit"},
    {"slides_max", "N", NUMBER, FIELD(slides_max), 1, 1000000, "10000", "decks of slides"},
    {"compile_jobs", "N", NUMBER, FIELD(compile_jobs), 1, 64, "1",
     "films compiled at the same time"},
    {"jobs_max", "N", NUMBER, FIELD(jobs_max), 1, 1024, "64",
     "pipeline processes, running and waiting"},
    {"job_memory", "BYTES", SIZE, FIELD(job_memory), 64u << 20, 1ull << 40, "1G",
     "a pipeline process that takes more is ended"},
    {"job_silence", "SECONDS", NUMBER, FIELD(job_silence), 5, 86400, "300",
     "a conversion that does nothing for so long is ended"},
    {"job_hours", "N", NUMBER, FIELD(job_hours), 1, 720, "24",
     "a conversion that takes longer is ended"},
    {"unconfined", "", FLAG, FIELD(unconfined), 0, 1, "no",
     "let converters read and write everything, on a kernel without Landlock"},
    {"drain_seconds", "N", NUMBER, FIELD(drain_seconds), 0, 604800, "0",
     "that SIGTERM lets visits go on while nobody new comes in; a second one ends at once"},
    {"login_failures", "N", NUMBER, FIELD(login_failures), 1, 1000, "8",
     "of one e-mail address in 15 minutes"},
    {"session_days", "N", NUMBER, FIELD(session_days), 1, 365, "14", "until staff sign in again"},
};

#define RULES (sizeof(rules) / sizeof(*rules))

__attribute__((format(printf, 3, 4))) static int refuse(char *ret_reason, int error,
                                                        const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    vsnprintf(ret_reason, CONFIG_REASON_MAX, format, ap);
    va_end(ap);
    return error;
}

static bool same_key(const char *a, const char *b) {
    while (*a && (*a == *b || (*a == '_' && *b == '-'))) {
        a++;
        b++;
    }
    return *a == *b;
}

static const struct config_rule *find(const char *key) {
    for (size_t i = 0; i < RULES; i++) {
        if (same_key(rules[i].key, key)) {
            return &rules[i];
        }
    }
    return NULL;
}

bool config_is_flag(const char *key) {
    const struct config_rule *rule = find(key);
    return rule && rule->type == FLAG;
}

static int parse_number(const char *text, bool sized, uint64_t *ret) {
    char *end;
    if (!isdigit((unsigned char)text[0])) {
        return -EINVAL;
    }
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (errno) {
        return -EINVAL;
    }
    if (sized && *end) {
        static const char suffixes[] = "KMGT";
        const char *suffix = strchr(suffixes, toupper((unsigned char)*end));
        unsigned shift = suffix ? 10 * (unsigned)(suffix - suffixes + 1) : 64;
        if (shift > 40 || n > UINT64_MAX >> shift) {
            return -EINVAL;
        }
        n <<= shift;
        end++;
    }
    if (*end) {
        return -EINVAL;
    }
    *ret = n;
    return 0;
}

static int set_number(struct config *c, const struct config_rule *rule, const char *value,
                      char *ret_reason) {
    uint64_t n;
    if (parse_number(value, rule->type == SIZE, &n) != 0 || n < rule->min || n > rule->max) {
        return refuse(ret_reason, -EINVAL, "%s must be a number from %llu to %llu, not \"%.100s\".",
                      rule->key, (unsigned long long)rule->min, (unsigned long long)rule->max,
                      value);
    }
    memcpy((char *)c + rule->offset, &n, sizeof(n));
    return 0;
}

static int set_flag(struct config *c, const struct config_rule *rule, const char *value,
                    char *ret_reason) {
    bool yes = strcmp(value, "yes") == 0 || strcmp(value, "true") == 0;
    if (!yes && strcmp(value, "no") != 0 && strcmp(value, "false") != 0) {
        return refuse(ret_reason, -EINVAL, "%s must be yes or no, not \"%.100s\".", rule->key,
                      value);
    }
    memcpy((char *)c + rule->offset, &yes, sizeof(yes));
    return 0;
}

/* "1.2.3.4:80", "[::1]:80", "*:80", ":80", "80". */
static int set_listen(struct config *c, const char *value, char *ret_reason) {
    const char *colon = strrchr(value, ':');
    const char *port = colon ? colon + 1 : value;
    const char *address = value;
    size_t n = colon ? (size_t)(colon - value) : 0;
    uint64_t number;
    if (n >= 2 && address[0] == '[' && address[n - 1] == ']') {
        address++;
        n -= 2;
    } else if (memchr(address, ':', n)) {
        n = sizeof(c->listen_address); /* an IPv6 address needs its brackets */
    }
    if (n == 1 && address[0] == '*') {
        n = 0;
    }
    if (n >= sizeof(c->listen_address) || parse_number(port, false, &number) != 0 ||
        number > 65535) {
        return refuse(ret_reason, -EINVAL,
                      "listen must be ADDRESS:PORT, like 0.0.0.0:8080 or [::]:443, not \"%.100s\".",
                      value);
    }
    memcpy(c->listen_address, address, n);
    c->listen_address[n] = '\0';
    c->listen_port = number;
    return 0;
}

int config_set(struct config *c, const char *key, const char *value,
               char ret_reason[static CONFIG_REASON_MAX]) {
    const struct config_rule *rule = find(key);
    if (!rule) {
        return refuse(ret_reason, -ENOENT,
                      "There is no setting \"%.100s\"; see parlour serve --help.", key);
    }
    switch (rule->type) {
    case TEXT:
        if (strlen(value) >= rule->room) {
            return refuse(ret_reason, -EINVAL, "%s is longer than %zu characters.", rule->key,
                          rule->room - 1);
        }
        memcpy((char *)c + rule->offset, value, strlen(value) + 1);
        return 0;
    case NUMBER:
    case SIZE:
        return set_number(c, rule, value, ret_reason);
    case FLAG:
        return set_flag(c, rule, value, ret_reason);
    case LISTEN:
        return set_listen(c, value, ret_reason);
    }
    return -ENOENT;
}

void config_defaults(struct config *c) {
    char reason[CONFIG_REASON_MAX];
    memset(c, 0, sizeof(*c));
    for (size_t i = 0; i < RULES; i++) {
        config_set(c, rules[i].key, rules[i].start, reason);
    }
}

/* Cuts blanks off both ends, in place. */
static char *trim(char *text) {
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t n = strlen(text);
    while (n > 0 && isspace((unsigned char)text[n - 1])) {
        text[--n] = '\0';
    }
    return text;
}

static int read_line(struct config *c, char *line, const char *path, unsigned number,
                     char *ret_reason) {
    char reason[CONFIG_REASON_MAX];
    char *key = trim(line);
    if (!*key || *key == '#') {
        return 0;
    }
    char *value = strchr(key, '=');
    if (!value) {
        return refuse(ret_reason, -EINVAL, "%s:%u: a line is `key = value`.", path, number);
    }
    *value = '\0';
    int error = config_set(c, trim(key), trim(value + 1), reason);
    return error ? refuse(ret_reason, -EINVAL, "%.200s:%u: %.400s", path, number, reason) : 0;
}

int config_read(struct config *c, const char *path, char ret_reason[static CONFIG_REASON_MAX]) {
    char line[1024];
    FILE *file = fopen(path, "re");
    if (!file) {
        return refuse(ret_reason, -errno, "The configuration file %.300s cannot be read: %s.", path,
                      strerror(errno));
    }
    int error = 0;
    for (unsigned number = 1; !error && fgets(line, sizeof(line), file); number++) {
        if (!strchr(line, '\n') && !feof(file)) {
            error = refuse(ret_reason, -EINVAL, "%.300s:%u: the line is too long.", path, number);
        } else {
            error = read_line(c, line, path, number, ret_reason);
        }
    }
    if (!error && ferror(file)) {
        error = refuse(ret_reason, -EIO, "The configuration file %.300s cannot be read.", path);
    }
    fclose(file);
    return error;
}

bool config_media_tcp_port(const struct config *c, int *ret_port, bool *ret_may_fail) {
    uint64_t n = 0;
    const bool same = strcmp(c->media_tcp_port, "same") == 0;
    if (!same && (parse_number(c->media_tcp_port, false, &n) != 0 || n > 65535)) {
        return false;
    }
    *ret_port = same ? 0 : n == 0 ? -1 : (int)n;
    *ret_may_fail = same;
    return true;
}

bool config_srt_ports(const struct config *c, uint16_t *ret_first, uint16_t *ret_last) {
    unsigned first = 0, last = 0;
    int n = 0;
    if (sscanf(c->srt_ports, "%5u-%5u%n", &first, &last, &n) != 2 || c->srt_ports[n] != '\0' ||
        first < 1024 || last > 65535 || first > last) {
        return false;
    }
    *ret_first = (uint16_t)first;
    *ret_last = (uint16_t)last;
    return true;
}

int config_check(const struct config *c, char ret_reason[static CONFIG_REASON_MAX]) {
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    bool known = false;
    for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
        known = known || strcmp(levels[i], c->log_level) == 0;
    }
    if (!known) {
        return refuse(ret_reason, -EINVAL, "log_level must be debug, info, warn or error.");
    }
    if (!c->data[0]) {
        return refuse(ret_reason, -EINVAL, "data must name a directory.");
    }
    if (!c->tls_cert[0] != !c->tls_key[0]) {
        return refuse(ret_reason, -EINVAL,
                      "tls_cert and tls_key belong together: give both or none.");
    }
    int tcp_port;
    bool may_fail;
    if (!config_media_tcp_port(c, &tcp_port, &may_fail)) {
        return refuse(ret_reason, -EINVAL,
                      "media_tcp_port must be a port, 0 for none, or same for the number of the "
                      "media port.");
    }
    uint16_t first, last;
    if (!config_srt_ports(c, &first, &last)) {
        return refuse(ret_reason, -EINVAL, "srt_ports must be a range like 9000-9099.");
    }
    if (c->rtmp_listen[0] && !strchr(c->rtmp_listen, ':')) {
        return refuse(ret_reason, -EINVAL, "rtmp_listen must be ADDRESS:PORT, like 0.0.0.0:1935.");
    }
    if (c->base_url[0] && strncmp(c->base_url, "http://", 7) != 0 &&
        strncmp(c->base_url, "https://", 8) != 0) {
        return refuse(ret_reason, -EINVAL, "base_url must start with https:// or http://.");
    }
    return 0;
}

void config_print_help(FILE *out) {
    for (size_t i = 0; i < RULES; i++) {
        const struct config_rule *r = &rules[i];
        char name[64];
        size_t n = 0;
        for (const char *k = r->key; *k && n < sizeof(name) - 1; k++) {
            name[n++] = *k == '_' ? '-' : *k;
        }
        name[n] = '\0';
        fprintf(out, "  --%s%s%s\n      %s", name, *r->metavar ? " " : "", r->metavar, r->help);
        if (*r->start) {
            fprintf(out, " (default %s)", r->start);
        }
        fputc('\n', out);
    }
}
