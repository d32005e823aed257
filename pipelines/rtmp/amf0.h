/* rtmp/amf0.h: values of RTMP's commands ("Action Message Format – AMF 0", Adobe 2007). What is
 * read is hostile; nothing here allocates. */
#pragma once
#include "base/spans.h"

/* Each takes one value off the front of `b`. False: it is none of that type, or cut off. */
bool amf0_number(struct bytes *b, double *ret);
bool amf0_string(struct bytes *b, struct bytes *ret);
bool amf0_skip(struct bytes *b);
/* An object; `ret` is its member `name` if that is a string, else empty. */
bool amf0_object_string(struct bytes *b, const char *name, struct bytes *ret);

/* Writes into `room`; what does not fit is left out and `full` set. */
struct amf0_writer {
    struct room room;
    size_t size;
    bool full;
};

void amf0_put_number(struct amf0_writer *w, double v);
void amf0_put_string(struct amf0_writer *w, const char *text);
void amf0_put_null(struct amf0_writer *w);
void amf0_put_object(struct amf0_writer *w);
void amf0_put_name(struct amf0_writer *w, const char *name); /* before each member's value */
void amf0_put_object_end(struct amf0_writer *w);
