/* Stands in for parlour-pipeline: what it does is the name of its input file. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(const char *line) {
    puts(line);
    fflush(stdout);
}

/* Until the standard input closes. */
static void wait_for_stop(void) {
    char line[64];
    while (fgets(line, sizeof(line), stdin)) {
    }
}

static int compile(const char *input, const char *output) {
    const char *name = strrchr(input, '/') ? strrchr(input, '/') + 1 : input;
    say("{\"event\":\"started\"}");
    say("{\"event\":\"progress\",\"fraction\":0.5,\"stage\":\"video\",\"seconds_left\":3}");
    if (strcmp(name, "good") == 0) {
        mkdir(output, 0700);
        say("{\"event\":\"ready\",\"duration\":12.5}");
        return 0;
    }
    if (strcmp(name, "bad") == 0) {
        say("{\"event\":\"failed\",\"reason\":\"no_video\",\"message\":\"This is no film.\"}");
        return 1;
    }
    if (strcmp(name, "crash") == 0) {
        raise(SIGKILL);
    }
    if (strcmp(name, "babble") == 0) {
        char noise[20000];
        memset(noise, 'x', sizeof(noise));
        fwrite(noise, 1, sizeof(noise), stdout);
        say("");
        say("{\"event\":\"dance\"}");
        fputs("{\"event\":\"ready\",\"duration\":1}", stdout); /* without an end of line */
        say("");
        return 0;
    }
    if (strcmp(name, "deaf") == 0) {
        signal(SIGTERM, SIG_IGN);
        for (;;) {
            pause();
        }
    }
    wait_for_stop();
    say("{\"event\":\"ended\"}");
    return 0;
}

static int ingest(const char *source) {
    if (strcmp(source, "test") != 0) {
        return 3; /* dies at once */
    }
    if (write(3, "packet", 6) != 6) {
        return 4;
    }
    say("{\"event\":\"streaming\",\"video\":\"vp8\",\"audio\":\"opus\"}");
    wait_for_stop();
    return 0;
}

static int doctor(void) {
    say("{\"element\":\"a\",\"present\":true,\"purpose\":\"x\",\"package\":\"p\"}");
    say("{\"element\":\"vp8enc\",\"present\":false,\"purpose\":\"VP8\",\"package\":\"plugins-"
        "good\"}");
    return 1;
}

int main(int argc, char **argv) {
    if (argc > 4 && strcmp(argv[1], "compile") == 0) {
        return compile(argv[2], argv[4]);
    }
    if (argc > 3 && strcmp(argv[1], "ingest") == 0) {
        return ingest(argv[3]);
    }
    return argc > 1 && strcmp(argv[1], "doctor") == 0 ? doctor() : 2;
}
