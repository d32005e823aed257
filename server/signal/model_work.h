/* signal/model_work.h: what takes long with products' models, on a thread of its own: looking at
 * one, and writing one as USDZ. */
#pragma once
#include "model/model.h"

struct signal;

#define MODEL_WORK_PATH_MAX 700

struct model_task {
    char model[MODEL_WORK_PATH_MAX]; /* the .glb; "" with `out`: a block of `size` */
    char out[MODEL_WORK_PATH_MAX];   /* "" only look; else the .usdz, which appears whole or not at
                                        all;   one that is there already is left alone */
    double size[3];                  /* mm, w, h, d; 0 unknown */
    double extent[3];                /* out: mm, what the model itself measures */
    char words[MODEL_WORDS_MAX];     /* out: why it was refused, a sentence */
};

/* -EBADMSG: refused in words. Otherwise 0 or −errno. */
typedef void model_work_done(void *ctx, int result, const struct model_task *task);

/* 0 or −errno. */
int model_work_new(struct signal *s);
void model_work_free(struct signal *s);

/* Control thread; done is called there too. 0 or -ENOBUFS (too many wait). */
int model_work(struct signal *s, const struct model_task *task, model_work_done *done, void *ctx);

/* Control thread: calls what is done. */
void model_work_service(struct signal *s);
