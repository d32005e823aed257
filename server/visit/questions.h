/* visit/questions.h: the last questions of a visit, in the order in which they were asked. Pure. */
#pragma once
#include "visit/permission.h"

#include <stddef.h>
#include <stdint.h>

#define QUESTIONS_MAX 100
#define QUESTION_CHARACTERS_MAX 500
#define QUESTION_TEXT_MAX (4 * QUESTION_CHARACTERS_MAX + 1) /* bytes with the NUL, UTF-8 */
#define QUESTION_NAME_MAX 96

struct question {
    uint64_t number;              /* 1, 2 …; the N of id "qN" */
    uint64_t seq;                 /* of its event */
    char participant[ID_MAX];     /* who asked; may have left since */
    char credential[ID_MAX];      /* never shown to others */
    char name[QUESTION_NAME_MAX]; /* as it was then */
    char text[QUESTION_TEXT_MAX];
    uint64_t asked; /* Unix time, ms */
};

struct questions {
    uint64_t asked; /* in all */
    uint64_t lost;  /* seq of the newest question that made room for another; 0: none */
    struct question list[QUESTIONS_MAX]; /* by number modulo QUESTIONS_MAX */
};

/* A zeroed question with its number, in the place of the oldest when there are too many. */
struct question *questions_add(struct questions *q);

/* The n-th that is still there, oldest first, or NULL past the end. */
const struct question *questions_at(const struct questions *q, size_t n);

/* NULL when it is not there any more. */
const struct question *questions_find(const struct questions *q, uint64_t number);
