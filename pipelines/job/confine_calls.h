/* job/confine_calls.h: the system calls of confine(). */
#pragma once
#include "job/confine.h"

/* The sanitizers' runtimes look at their own process from another one, and map terabytes. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Filters for this thread and those it makes later: one that refuses by name and argument whatever
 * no job needs, and below it, for a job that neither speaks to others nor hears them, one that
 * knows only what converting films takes: all else is ENOSYS, as from an older kernel. 0 or −errno.
 */
int confine_calls(const struct confinement *what);
