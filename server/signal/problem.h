/* signal/problem.h: errors in words, RFC 9457 application/problem+json. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define PROBLEM_TYPE "application/problem+json"
#define PROBLEM_PREFIX "urn:parlour:problem:" /* then the stable word */

/* "Not Found" for 404; "Error" for codes that are not ours. */
const char *http_status_text(int status);

/* The JSON text, malloc'd, or NULL without memory. `word` names the kind and never changes meaning
 * ("unknown-field"); `detail` is a sentence. `field` names the input field at fault, or NULL. */
char *problem_text(int status, const char *word, const char *detail, const char *field);
