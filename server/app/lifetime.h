/* app/lifetime.h: "30d", "12h", "90m", "3600s" as seconds. Pure. */
#pragma once
#include <stdint.h>

/* 0 or -EINVAL (also for 0 and for more than ten years). */
int lifetime_parse(const char *text, int64_t *ret_seconds);
