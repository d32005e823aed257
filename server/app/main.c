/* parlour: one binary, a file per subcommand. */
#include "app/commands.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"serve", command_serve, "run the server"},
    {"user", command_user, "add staff, make a sign-in link"},
    {"token", command_token, "make an API token"},
    {"publish", command_publish, "compile a film and publish it as a walkthrough"},
    {"demo", command_demo, "fill a data directory with the sample and print three links"},
    {"doctor", command_doctor, "say what is missing on this machine and how to get it"},
};

static void usage(FILE *out) {
    fputs("Usage: parlour COMMAND …\n", out);
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
    }
    fputs("parlour COMMAND --help tells more.\n", out);
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    bool help = argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    usage(help ? stdout : stderr);
    return help ? EXIT_OK : EXIT_USAGE;
}
