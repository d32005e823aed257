#include "visit/questions.h"

struct question *questions_add(struct questions *q) {
    const uint64_t number = ++q->asked;
    struct question *at = &q->list[number % QUESTIONS_MAX];
    if (at->number != 0) {
        q->lost = at->seq;
    }
    *at = (struct question){.number = number};
    return at;
}

const struct question *questions_at(const struct questions *q, size_t n) {
    const uint64_t oldest = q->asked > QUESTIONS_MAX ? q->asked - QUESTIONS_MAX + 1 : 1;
    return questions_find(q, oldest + n);
}

const struct question *questions_find(const struct questions *q, uint64_t number) {
    const struct question *at = &q->list[number % QUESTIONS_MAX];
    return number != 0 && at->number == number ? at : NULL;
}
