/* app/commands.h: the subcommands of `parlour`, one file each. `argv[0]` is the subcommand's name.
 * They return the exit code: 0, 1 with one line on stderr, 2 wrong usage. */
#pragma once

int command_serve(int argc, char **argv);
int command_user(int argc, char **argv);
int command_token(int argc, char **argv);
int command_publish(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_demo(int argc, char **argv);

#define EXIT_OK 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2
