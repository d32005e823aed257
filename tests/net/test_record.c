/* parlour-pipeline record, from the outside: what is sent into its socket is in its files, whatever
 * else comes, also when it is killed. Run: test_record PIPELINE */
#include "replay/track_file.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
// clang-format on
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *pipeline;
static char directory[] = "/tmp/parlour-record-XXXXXX";

struct recorder {
    pid_t pid;
    int socket, said;
};

/* `file_max`: where the disk is full; 0: nowhere. */
static struct recorder start(const char *out, rlim_t file_max) {
    int sockets[2], output[2];
    char fd[16];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    struct recorder r = {.socket = sockets[0], .said = output[0]};
    r.pid = fork();
    assert_true(r.pid >= 0);
    if (r.pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(output[1], 1);
        dup2(null, 2);
        fcntl(sockets[1], F_SETFD, 0);
        snprintf(fd, sizeof(fd), "%d", sockets[1]);
        if (file_max > 0) {
            struct rlimit limit = {file_max, file_max};
            setrlimit(RLIMIT_FSIZE, &limit);
            signal(SIGXFSZ, SIG_IGN); /* write(2) answers EFBIG */
        }
        execl(pipeline, pipeline, "record", "--fd", fd, "--out", out, NULL);
        _exit(127);
    }
    close(sockets[1]);
    close(output[1]);
    return r;
}

/* Everything it says until it closes. */
static int finish(struct recorder *r, char *ret_said, size_t size) {
    int status;
    size_t n = 0;
    close(r->socket);
    for (ssize_t got = 1; got > 0 && n + 1 < size; n += got > 0 ? (size_t)got : 0) {
        got = read(r->said, ret_said + n, size - 1 - n);
    }
    ret_said[n] = 0;
    close(r->said);
    assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
    return status;
}

static size_t record(uint8_t *p, size_t room, uint64_t source, unsigned i) {
    const struct track_format format = {.kind = MEDIA_AUDIO,
                                        .codec = CODEC_OPUS,
                                        .clock_rate = 48000,
                                        .epoch = 1,
                                        .source = source};
    uint8_t rtp[800] = {0x80, 111, (uint8_t)(i >> 8), (uint8_t)i};
    memset(rtp + 12, (int)i, sizeof(rtp) - 12);
    struct track_packet packet = {
        .capture = 1000 + i, .arrival = 1000 + i, .rtp = bytes_of(rtp, sizeof(rtp))};
    int n = track_record_write((struct room){p, room}, &format, &packet);
    assert_true(n > 0);
    return (size_t)n;
}

static void send_records(struct recorder *r, uint64_t source, unsigned from, unsigned count) {
    static uint8_t message[TRACK_MESSAGE_MAX];
    for (unsigned i = from; i < from + count; i += 10) {
        size_t n = 0;
        for (unsigned k = i; k < i + 10; k++) {
            n += record(message + n, sizeof(message) - n, source, k);
        }
        if (send(r->socket, message, n, MSG_NOSIGNAL) < 0) {
            return;
        }
    }
}

/* Packets of a source over all its files; each must follow the one before. */
static unsigned count_packets(const char *out, uint64_t source, unsigned *ret_files) {
    unsigned count = 0, files = 0;
    DIR *dir = opendir(out);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        char path[4096];
        struct track_reader *reader;
        struct track_packet packet;
        snprintf(path, sizeof(path), "%s/%s", out, e->d_name);
        if (e->d_name[0] == '.' || track_reader_new(path, &reader) < 0) {
            continue;
        }
        files++;
        if (track_reader_format(reader)->source == source) {
            int last = -1;
            while (track_reader_next(reader, &packet, NULL) > 0) {
                int number = read_be16(packet.rtp.p + 2);
                assert_int_equal(packet.rtp.p[400], number & 0xff);
                assert_true(number > last);
                last = number;
                count++;
            }
        }
        track_reader_free(reader);
    }
    closedir(dir);
    *ret_files = files;
    return count;
}

static void what_is_sent_is_kept_whatever_else_comes(void **state) {
    (void)state;
    char out[256], said[4096];
    unsigned files;
    snprintf(out, sizeof(out), "%s/kept", directory);
    struct recorder r = start(out, 0);
    send_records(&r, 1, 0, 500);
    static uint8_t junk[TRACK_MESSAGE_MAX + 1000];
    for (unsigned i = 0; i < 300; i++) {
        size_t n = (size_t)rand() % 2000 + 1;
        for (size_t k = 0; k < n; k++) {
            junk[k] = (uint8_t)rand();
        }
        assert_true(send(r.socket, junk, n, MSG_NOSIGNAL) > 0);
        n = record(junk, sizeof(junk), 3, i);
        junk[(size_t)rand() % n] ^= (uint8_t)(1 << rand() % 8);
        assert_true(send(r.socket, junk, n, MSG_NOSIGNAL) > 0);
    }
    assert_true(send(r.socket, junk, sizeof(junk), MSG_NOSIGNAL) > 0); /* longer than allowed */
    send_records(&r, 1, 500, 500);
    send_records(&r, 2, 0, 100);
    int status = finish(&r, said, sizeof(said));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_non_null(strstr(said, "\"ended\""));
    assert_int_equal(count_packets(out, 1, &files), 1000);
    assert_int_equal(count_packets(out, 2, &files), 100);
}

static void files_have_an_end(void **state) {
    (void)state;
    char out[256], said[4096];
    unsigned files;
    snprintf(out, sizeof(out), "%s/many", directory);
    struct recorder r = start(out, 0);
    for (uint64_t source = 100; source < 1400; source++) {
        send_records(&r, source, 0, 10);
    }
    send_records(&r, 100, 10, 10); /* its file was closed meanwhile */
    finish(&r, said, sizeof(said));
    assert_int_equal(count_packets(out, 100, &files), 20);
    assert_int_equal(files, 1024);
}

static void a_kill_leaves_what_was_written(void **state) {
    (void)state;
    for (unsigned round = 0; round < 8; round++) {
        char out[256], said[4096];
        unsigned files;
        int status;
        snprintf(out, sizeof(out), "%s/killed-%u", directory, round);
        struct recorder r = start(out, 0);
        struct pollfd ready = {.fd = r.said, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, 20000), 1);
        pid_t killer = fork();
        if (killer == 0) {
            usleep(1000 + 4000 * round);
            kill(r.pid, SIGKILL);
            _exit(0);
        }
        send_records(&r, 9, 0, 20000);
        status = finish(&r, said, sizeof(said));
        waitpid(killer, NULL, 0);
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        DIR *dir = opendir(out);
        if (dir) {
            closedir(dir);
            count_packets(out, 9, &files);
        }
        /* The next one goes on beside it. */
        r = start(out, 0);
        send_records(&r, 8, 0, 50);
        finish(&r, said, sizeof(said));
        assert_int_equal(count_packets(out, 8, &files), 50);
    }
}

static void a_full_disk_is_said_in_words(void **state) {
    (void)state;
    char out[256], said[4096];
    unsigned files;
    snprintf(out, sizeof(out), "%s/full", directory);
    struct recorder r = start(out, 100000);
    send_records(&r, 1, 0, 1000);
    int status = finish(&r, said, sizeof(said));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    assert_non_null(strstr(said, "\"failed\""));
    assert_non_null(strstr(said, "\"disk_full\""));
    assert_true(count_packets(out, 1, &files) >= 100);
}

static void wrong_sockets_are_refused(void **state) {
    (void)state;
    char command[512];
    snprintf(command, sizeof(command), "'%s' record --fd 0 --out '%s/x' </dev/null 2>&1", pipeline,
             directory);
    FILE *f = popen(command, "re");
    char said[1024] = "";
    size_t n = fread(said, 1, sizeof(said) - 1, f);
    said[n] = 0;
    assert_int_equal(WEXITSTATUS(pclose(f)), 1);
    assert_non_null(strstr(said, "no_socket"));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_is_kept_whatever_else_comes),
        cmocka_unit_test(files_have_an_end),
        cmocka_unit_test(a_kill_leaves_what_was_written),
        cmocka_unit_test(a_full_disk_is_said_in_words),
        cmocka_unit_test(wrong_sockets_are_refused),
    };
    if (argc != 2 || !mkdtemp(directory)) {
        return 2;
    }
    pipeline = argv[1];
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    char command[256];
    snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    return system(command) == 0 ? r : 1;
}
