/* signal/files.h: small reads of files, and names for their types. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct exchange;

/* The whole file, malloc'd with a NUL behind it. 0, -EFBIG over `max`, or −errno. */
int file_read(const char *path, size_t max, char **ret, size_t *ret_n);

/* "text/css; charset=utf-8" by the ending. */
const char *file_type(const char *name);

/* Answers with the file (Range, ETag from size and time); 404 when it is not there. */
void file_reply(struct exchange *x, const char *path, const char *cache_control);
