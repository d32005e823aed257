/* store/rows.h: what the store keeps, as plain values. Times are Unix seconds (UTC), 0 = none;
 * texts are NUL-terminated UTF-8. Fields after "out" are filled by the operation. */
#pragma once
#include "visit/visit.h"

#include <stdint.h>

#define STORE_SECRET_MAX 64 /* a token, code or stream key with its NUL */
#define STORE_EMAIL_MAX 256
#define STORE_PASSWORD_MAX 256
#define STORE_ADDRESS_MAX 64
#define STORE_TEXT_MAX 2048
#define STORE_DETAILS_MAX 16384
#define STORE_PATH_MAX 512
#define STORE_SLUG_MAX 80
#define STORE_PRODUCTS_PER_VISIT 16
#define STORE_LIST_MAX 500
#define STORE_QUESTION_NAME_MAX 256

/* ---- Staff ---- */

struct user_row {
    char id[ID_MAX];
    char email[STORE_EMAIL_MAX]; /* lower case */
    char name[VISIT_NAME_MAX];
    enum staff_role role;
    int64_t created_at;
};

struct user_add {
    struct user_row user;              /* email, name, role; out: id, created_at */
    char password[STORE_PASSWORD_MAX]; /* "" = cannot sign in by password, only by a link */
};

struct user_list {
    size_t count; /* out */
    struct user_row *rows;
};

/* A password is checked and a session made. */
struct login {
    char email[STORE_EMAIL_MAX];
    char password[STORE_PASSWORD_MAX];
    char address[STORE_ADDRESS_MAX]; /* the client's IP, for throttling */
    /* out */
    struct user_row user;
    char session[STORE_SECRET_MAX]; /* the cookie's value */
    int64_t expires_at;
    int64_t retry_after; /* seconds, with -EAGAIN */
};

/* A one-time sign-in link. */
struct sign_in_code {
    char email[STORE_EMAIL_MAX]; /* create: whose */
    int64_t lifetime;            /* create: seconds */
    char code[STORE_SECRET_MAX]; /* create: out; redeem: in */
    /* out of redeem */
    struct user_row user;
    char session[STORE_SECRET_MAX];
    int64_t expires_at;
};

struct session_end {
    char session[STORE_SECRET_MAX];
};

struct api_token {
    enum staff_role role;
    char name[VISIT_NAME_MAX];
    int64_t expires_at; /* 0: never */
    /* out */
    char id[ID_MAX];
    char token[STORE_SECRET_MAX];
};

/* ---- Products and visits ---- */

enum product_field {
    PRODUCT_NAME = 1,
    PRODUCT_SUMMARY = 2,
    PRODUCT_SIZE = 4,
    PRODUCT_MODEL = 8, /* and its extent */
    PRODUCT_DETAILS = 16
};

struct product_row {
    char id[ID_MAX];
    char name[VISIT_TITLE_MAX];
    char summary[STORE_TEXT_MAX];
    double width, height, depth;     /* mm; 0 = unknown */
    char model[STORE_PATH_MAX];      /* file name of the glTF below DATA/products/ID, "" none */
    double extent[3];                /* mm: what the model itself measures, w, h, d; 0 = no model */
    char details[STORE_DETAILS_MAX]; /* a JSON object text: images, claims, call to action; "" none
                                      */
    int64_t created_at, updated_at;
    int64_t version; /* out: 1, then one more with each change. change: the one it is made of, 0
                        any */
    unsigned fields; /* change: which of the above to write (enum product_field) */
};

enum walkthrough_state { WALKTHROUGH_COMPILING, WALKTHROUGH_READY, WALKTHROUGH_FAILED };

enum visit_field {
    VISIT_TITLE = 1,
    VISIT_STARTS_AT = 2, /* with tz */
    VISIT_RECORDING = 4,
    VISIT_PRODUCTS = 8
};

struct visit_row {
    char id[ID_MAX];
    char title[VISIT_TITLE_MAX];
    enum visit_state state;
    enum visit_recording recording;
    int64_t starts_at;
    char tz[64];
    char host[ID_MAX];                 /* user id; "" when made by an API token */
    char host_name[VISIT_NAME_MAX];    /* out */
    char stream_key[STORE_SECRET_MAX]; /* out */
    size_t product_count;
    char products[STORE_PRODUCTS_PER_VISIT][ID_MAX];
    int64_t created_at, started_at, ended_at; /* out */
    char replay[STORE_SLUG_MAX];              /* out: the slug of its replay, "" none */
    enum walkthrough_state replay_state;      /* out */
    unsigned fields;                          /* change: enum visit_field */
};

/* A state reached; started_at and ended_at are set the first time. A visit never leaves `ended`. */
struct visit_progress {
    char id[ID_MAX];
    enum visit_state state;
    struct visit_row visit; /* out: the row afterwards */
};

struct invite_row {
    char id[ID_MAX];
    char visit[ID_MAX];
    char name[VISIT_NAME_MAX];
    int64_t expires_at;            /* 0: never */
    int64_t created_at, opened_at; /* out */
    bool revoked;
    char token[STORE_SECRET_MAX]; /* out of create, never again; only its hash is kept */
};

struct invite_list {
    char visit[ID_MAX]; /* in */
    size_t count;       /* out */
    struct invite_row *rows;
};

/* The page behind /v/{token} was opened: the invite and its visit. */
struct invite_open {
    char token[STORE_SECRET_MAX];
    bool mark; /* set opened_at when it is the first time */
    /* out; also filled with -EKEYREVOKED and -EKEYEXPIRED */
    bool first;
    struct invite_row invite;
    struct visit_row visit;
};

/* Whoever presents a token or cookie. */
struct credential {
    char token[STORE_SECRET_MAX];
    bool cookie; /* true: a session cookie; false: an API token, invite token or stream key */
    /* out */
    struct actor actor;
    char name[VISIT_NAME_MAX]; /* of the person, "" unknown */
    struct user_row user;      /* of a cookie */
    int64_t expires_at;        /* 0: never */
};

/* ---- Walkthroughs ---- */

enum walkthrough_field {
    WALKTHROUGH_TITLE = 1,
    WALKTHROUGH_PUBLISHED = 2,
    WALKTHROUGH_DETAILS = 4,
    WALKTHROUGH_PRODUCT = 8,
    WALKTHROUGH_SOURCE = 16, /* a new upload: without OUTCOME the state becomes compiling */
    WALKTHROUGH_PROGRESS = 32,
    WALKTHROUGH_OUTCOME = 64, /* state, error, reason, duration, directory, film */
    WALKTHROUGH_KEY = 128
};

struct walkthrough_row {
    char id[ID_MAX];
    char slug[STORE_SLUG_MAX]; /* create: "" = made from the title; unique */
    char title[VISIT_TITLE_MAX];
    enum walkthrough_state state;
    double progress; /* 0..1 */
    char error[512]; /* a sentence, "" none */
    char reason[32]; /* a stable word beside it */
    double duration; /* seconds */
    bool published;
    char product[ID_MAX];
    char visit[ID_MAX];          /* the replay of this visit, which has one at most; "" an upload */
    char answers[ID_MAX];        /* out: the question that it is the answer to, "" none */
    unsigned questions_open;     /* out: asked here and not answered or parked */
    char key[8];                 /* green screen: "" none, "auto" or RRGGBB */
    char source[STORE_PATH_MAX]; /* the file uploaded last, absolute or below the data directory */
    char film[STORE_PATH_MAX];   /* the file that `directory` was made of; "" none or unknown */
    char directory[STORE_PATH_MAX]; /* its presentation, below DATA/presentations; "" until ready */
    char
        details[STORE_DETAILS_MAX]; /* a JSON object text: chapters, captions, call to action; "" */
    int64_t created_at, updated_at;
    unsigned fields; /* change: enum walkthrough_field */
};

/* ---- Questions at a second of a walkthrough ---- */

enum film_question_field {
    FILM_QUESTION_WORDS = 1,
    FILM_QUESTION_CLIP = 2,
    FILM_QUESTION_PARKED = 4
};

struct film_question_row {
    char id[ID_MAX];
    char walkthrough[ID_MAX];
    double t; /* seconds */
    char text[STORE_TEXT_MAX];
    char name[STORE_QUESTION_NAME_MAX]; /* as the asker gave it, "" none */
    char token[STORE_SECRET_MAX]; /* create: out, never again; only its hash is kept. delete: "" or
                                     the asker's, which must fit */
    char words[STORE_TEXT_MAX];   /* the answer, "" none */
    char clip[ID_MAX];            /* the walkthrough that answers it, "" none */
    bool parked;                  /* not to be answered: nobody is shown it */
    char slug[STORE_SLUG_MAX], title[VISIT_TITLE_MAX]; /* out: of its walkthrough */
    char clip_slug[STORE_SLUG_MAX];                    /* out */
    enum walkthrough_state clip_state;                 /* out, when there is a clip */
    bool clip_plays;                                   /* out: everybody can see it */
    int64_t created_at, answered_at;                   /* out */
    unsigned fields;                                   /* change: enum film_question_field */
};

struct film_question_list {
    char walkthrough[ID_MAX]; /* "": of all; then not answered_only */
    bool answered_only;       /* what viewers are shown, in the order of the film */
    size_t offset, limit;
    size_t count;
    struct film_question_row *rows;
};

/* ---- Live sources: RTMP, SRT, cameras, playlists ---- */

#define STORE_SOURCE_WALKTHROUGHS 32

enum input_kind { /* also in the database: never change a number */
                  INPUT_RTMP,
                  INPUT_SRT, /* we listen */
                  INPUT_SRT_CALLER,
                  INPUT_RTSP,
                  INPUT_PLAYLIST,
                  INPUT_TEST
};

enum source_field {
    SOURCE_NAME = 1,
    SOURCE_URL = 2,
    SOURCE_WALKTHROUGHS = 4,
    SOURCE_PASSPHRASE = 8,
    SOURCE_KEY = 16,
    SOURCE_STREAM_KEY = 32 /* a new one is made */
};

struct source_row {
    char id[ID_MAX];
    char name[VISIT_NAME_MAX];
    enum input_kind kind;
    char url[STORE_PATH_MAX]; /* SRT_CALLER, RTSP */
    char passphrase[80];      /* SRT, "" none */
    char key[8];              /* green screen, as of a walkthrough */
    size_t walkthrough_count; /* PLAYLIST */
    char walkthroughs[STORE_SOURCE_WALKTHROUGHS][ID_MAX];
    uint16_t port_first, port_last;    /* create, SRT: choose from these */
    char stream_key[STORE_SECRET_MAX]; /* out, RTMP; readable, since the console shows it */
    uint16_t port;                     /* out, SRT */
    int64_t created_at, updated_at;    /* out */
    unsigned fields;                   /* change: enum source_field */
};

/* ---- Slides ---- */

enum slides_field { SLIDES_TITLE = 1, SLIDES_OUTCOME = 2 /* state, error, reason, directory */ };

struct slides_row {
    char id[ID_MAX];
    char title[VISIT_TITLE_MAX];
    enum walkthrough_state state;
    char error[512];
    char reason[32];
    char source[STORE_PATH_MAX];    /* the uploaded PDF, below the data directory */
    char directory[STORE_PATH_MAX]; /* its pages, below DATA/slides; "" until ready */
    int64_t created_at, updated_at;
    unsigned fields; /* change: enum slides_field */
};

/* ---- Lists: newest first ---- */

struct product_list {
    size_t offset, limit; /* limit 0 or above STORE_LIST_MAX: STORE_LIST_MAX */
    size_t count;         /* out */
    struct product_row *rows;
};

struct visit_list {
    size_t offset, limit;
    size_t count;
    struct visit_row *rows;
};

struct walkthrough_list {
    size_t offset, limit;
    bool compiling_only; /* in the order in which they were queued */
    size_t count;
    struct walkthrough_row *rows;
};

struct source_list {
    size_t offset, limit;
    size_t count;
    struct source_row *rows;
};

struct slides_list {
    size_t offset, limit;
    bool compiling_only; /* in the order of their making */
    size_t count;
    struct slides_row *rows;
};

struct row_id {
    char id[ID_MAX];
};

const char *
walkthrough_state_name(enum walkthrough_state state); /* "compiling", "ready", "failed" */
const char *input_kind_name(enum input_kind kind);    /* "rtmp", "srt", "srt-caller", "rtsp", … */
bool input_kind_parse(const char *name, enum input_kind *ret);
