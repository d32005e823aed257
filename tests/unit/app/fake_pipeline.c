/* Stands in for parlour-pipeline: what it does is the name of its input file. */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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

static void leave_half(const char *output) {
    char path[1024], file[1100];
    const char *slash = strrchr(output, '/');
    snprintf(path, sizeof(path), "%.*s/.%s.%d.part", (int)(slash - output), output, slash + 1,
             (int)getpid());
    mkdir(path, 0700);
    snprintf(file, sizeof(file), "%s/deep", path);
    mkdir(file, 0700);
    snprintf(file, sizeof(file), "%s/deep/video.rung", path);
    fclose(fopen(file, "w"));
}

/* The directory above the output is ours alone: empty, and closed to others. */
static bool is_alone(const char *output) {
    char path[1024];
    struct stat st;
    struct dirent *entry;
    size_t entries = 0;
    snprintf(path, sizeof(path), "%.*s", (int)(strrchr(output, '/') - output), output);
    DIR *dir = opendir(path);
    while (dir && (entry = readdir(dir))) {
        entries += entry->d_name[0] != '.';
    }
    if (!dir) {
        return false;
    }
    closedir(dir);
    return entries == 0 && stat(path, &st) == 0 && (st.st_mode & 07777) == 0700;
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
    if (strcmp(name, "alone") == 0) {
        bool alone = is_alone(output);
        mkdir(output, 0700);
        say(alone ? "{\"event\":\"ready\",\"duration\":1}" : "{\"event\":\"ended\"}");
        return 0;
    }
    if (strcmp(name, "liar") == 0) {
        say("{\"event\":\"ready\",\"duration\":1}");
        return 0;
    }
    if (strcmp(name, "bad") == 0) {
        say("{\"event\":\"failed\",\"reason\":\"no_video\",\"message\":\"This is no film.\"}");
        return 1;
    }
    if (strcmp(name, "crash") == 0) {
        raise(SIGKILL);
    }
    if (strcmp(name, "half") == 0) { /* dies with half of its work on the disk */
        leave_half(output);
        raise(SIGSEGV);
    }
    if (strcmp(name, "hungry") == 0) {
        for (size_t size = 1 << 20;; usleep(1000)) {
            volatile char *room = malloc(size); /* volatile: kept by every compiler */
            for (size_t i = 0; i < size; i += 1024) {
                room[i] = 1;
            }
        }
    }
    if (strcmp(name, "stuck") == 0) {
        raise(SIGSTOP);
    }
    if (strcmp(name, "chatty") == 0) { /* never done */
        for (;; usleep(100000)) {
            say("{\"event\":\"progress\",\"fraction\":0.5}");
        }
    }
    if (strcmp(name, "big") == 0) {
        raise(SIGXFSZ);
    }
    if (strcmp(name, "lingers") == 0) { /* says that it is done, but does not go */
        mkdir(output, 0700);
        say("{\"event\":\"ready\",\"duration\":1}");
        signal(SIGTERM, SIG_IGN);
        for (;;) {
            pause();
        }
    }
    if (strcmp(name, "babble") == 0) {
        char noise[20000];
        memset(noise, 'x', sizeof(noise));
        fwrite(noise, 1, sizeof(noise), stdout);
        say("");
        mkdir(output, 0700);
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
    if (strcmp(source, "srt://127.0.0.1:9000?mode=caller") == 0) {
        const char *passphrase = getenv("PARLOUR_PASSPHRASE");
        printf(
            "{\"event\":\"source\",\"state\":\"connected\",\"delay_ms\":120,\"detail\":\"%s\"}\n",
            passphrase ? passphrase : "none");
        fflush(stdout);
        wait_for_stop();
        return 0;
    }
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

/* A gate that runs, and one whose address is taken; a recorder that is heard by its socket. */
static int gate(const char *address) {
    if (strcmp(address, "taken") == 0) {
        say("{\"event\":\"failed\",\"reason\":\"in_use\",\"message\":\"The port is taken.\"}");
        return 1;
    }
    say("{\"event\":\"started\"}");
    wait_for_stop();
    return 0;
}

static int record(void) {
    char byte;
    while (read(3, &byte, 1) == 1 && byte != '!') {
    }
    return byte == '!' ? 5 : 0;
}

static int doctor(void) {
    say("{\"element\":\"a\",\"present\":true,\"purpose\":\"x\",\"package\":\"p\"}");
    say("{\"element\":\"vp8enc\",\"present\":false,\"purpose\":\"VP8\",\"package\":\"plugins-"
        "good\"}");
    say("{\"landlock\":7,\"seccomp\":true}");
    return 1;
}

int main(int argc, char **argv) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* no test leaves one behind */
    if (argc > 4 && strcmp(argv[1], "compile") == 0) {
        return compile(argv[2], argv[4]);
    }
    if (argc > 3 && strcmp(argv[1], "ingest") == 0) {
        return ingest(strcmp(argv[2], "--source-env") == 0 ? getenv(argv[3]) : argv[3]);
    }
    if (argc > 3 && strcmp(argv[1], "gate") == 0) {
        return gate(argv[3]);
    }
    if (argc > 3 && strcmp(argv[1], "record") == 0) {
        return record();
    }
    if (argc > 4 && strcmp(argv[1], "assemble") == 0) {
        return compile(argv[2], argv[4]);
    }
    return argc > 1 && strcmp(argv[1], "doctor") == 0 ? doctor() : 2;
}
