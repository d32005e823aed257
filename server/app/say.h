/* app/say.h: what a command tells the person at the terminal. */
#pragma once

/* One line on stderr: "parlour: …". Gives EXIT_FAILED, so that a command may `return fail(…)`. */
__attribute__((format(printf, 1, 2))) int fail(const char *format, ...);

/* The same for wrong usage, with the usage line below. Gives EXIT_USAGE. */
int fail_usage(const char *reason, const char *usage);

/* The sentence and remedy for an error of database_open or of an operation of the store. */
int fail_store(int error, const char *dir);
