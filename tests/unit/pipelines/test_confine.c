/* After confine() a process reads its input, writes its output, and nothing else: each thing that a
 * taken-over decoder would try is tried here, first without confinement (where it works, or this
 * test would prove nothing), then within, as root and as an ordinary user. */
#include "job/confine.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

#define NOBODY 65534
#define NO_CHILD 77 /* exit codes of an attempt: 0, an errno, or these */
#define NOT_CONFINED 78

static char home[] = "/tmp/parlour-confine-XXXXXX";
static struct sockaddr_in tcp = {.sin_family = AF_INET};
static struct sockaddr_un local = {.sun_family = AF_UNIX};
static pid_t other; /* a process of the same user */

static const char *in_home(const char *name) {
    static char path[4][512];
    static unsigned turn;
    char *to = path[turn++ % 4];
    snprintf(to, 512, "%s/%s", home, name);
    return to;
}

static int result(long r) {
    return r < 0 ? errno : 0;
}

/* ---- What is tried: 0 or the errno ---- */

static int read_file(const char *path) {
    char byte;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? errno : result(read(fd, &byte, 1));
}

static int read_input(void) {
    return read_file(in_home("film.mp4"));
}

static int read_other(void) {
    return read_file(in_home("secret"));
}

static int read_environment(void) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/environ", (int)other);
    return read_file(path);
}

static int list_other(void) {
    DIR *dir = opendir(home);
    return dir ? closedir(dir) : errno;
}

static int write_file(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return fd < 0 ? errno : result(write(fd, "x", 1));
}

static int write_output(void) {
    const char *part = in_home("out/part"), *whole = in_home("out/whole");
    int r = write_file(part);
    return r ? r : rename(part, whole) < 0 ? errno : result(unlink(whole));
}

static int write_outside(void) {
    return write_file(in_home("written"));
}

static int write_input(void) {
    int fd = open(in_home("film.mp4"), O_WRONLY | O_CLOEXEC);
    return result(fd);
}

static int empty_other(void) {
    return result(truncate(in_home("empty"), 0));
}

static int remove_other(void) {
    int r = result(unlink(in_home("junk")));
    close(open(in_home("junk"), O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
    return r;
}

static int open_up_other(void) {
    return result(chmod(in_home("theirs"), 0666));
}

static int connect_tcp(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 ? errno : result(connect(fd, (struct sockaddr *)&tcp, sizeof(tcp)));
}

static int send_udp(void) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return fd < 0 ? errno : result(sendto(fd, "x", 1, 0, (struct sockaddr *)&tcp, sizeof(tcp)));
}

static int connect_unix(void) {
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd < 0 ? errno : result(connect(fd, (struct sockaddr *)&local, sizeof(local)));
}

static int make_unix_datagrams(void) {
    return result(socket(AF_UNIX, SOCK_DGRAM, 0));
}

static int listen_unix(void) {
    struct sockaddr_un door = {.sun_family = AF_UNIX};
    snprintf(door.sun_path, sizeof(door.sun_path), "%s/out/door.sock", home);
    unlink(door.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd < 0 || bind(fd, (struct sockaddr *)&door, sizeof(door)) < 0 ? errno
                                                                          : result(listen(fd, 1));
}

static int listen_tcp(void) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 ? errno
                                                                        : result(listen(fd, 1));
}

/* What no media job calls is as on a kernel that is older. */
static int watch_files(void) {
    return result(syscall(SYS_inotify_init1, 0));
}

static int make_pair(void) {
    int ends[2];
    return result(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
}

static int run_program(void) {
    execl("/bin/true", "true", (char *)NULL);
    return errno;
}

static int run_from_memory(void) {
    static char *const none[] = {NULL};
    char bytes[65536];
    int program = open("/bin/true", O_RDONLY | O_CLOEXEC), fd = memfd_create("x", 0);
    for (ssize_t n; (n = read(program, bytes, sizeof(bytes))) > 0;) {
        if (write(fd, bytes, (size_t)n) != n) {
            return EIO;
        }
    }
    syscall(SYS_execveat, fd, "", none, none, AT_EMPTY_PATH);
    return errno;
}

static int make_process(void) {
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    return result(pid);
}

static int trace_other(void) {
    long r = ptrace(PTRACE_ATTACH, other, NULL, NULL);
    int error = result(r);
    if (r == 0) {
        waitpid(other, NULL, 0);
        ptrace(PTRACE_DETACH, other, NULL, NULL);
    }
    return error;
}

static int signal_other(void) {
    return result(kill(other, SIGWINCH));
}

static int signal_itself(void) {
    signal(SIGUSR1, SIG_IGN);
    return raise(SIGUSR1) ? errno : 0;
}

static void *nothing(void *ctx) {
    return ctx;
}

static void *wait_for_ever(void *ctx) {
    for (;;) {
        pause();
    }
    return ctx;
}

static int make_thread(void) {
    pthread_t thread;
    int r = pthread_create(&thread, NULL, nothing, NULL);
    return r ? r : pthread_join(thread, NULL);
}

static int load_library(void) {
    return dlopen("libz.so.1", RTLD_NOW) ? 0 : ENOENT;
}

static int take_memory(void) {
    char *room = mmap(NULL, 1u << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return room == MAP_FAILED ? errno : 0;
}

/* ---- Trying ---- */

static int attempt(int (*what)(void), const struct confinement *confinement, bool as_nobody) {
    struct failure failure = {0};
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (as_nobody && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)) {
            _exit(NO_CHILD);
        }
        if (confinement && confine(confinement, &failure) < 0) {
            fprintf(stderr, "%s: %s\n", failure.reason, failure.message);
            _exit(NOT_CONFINED);
        }
        _exit(what());
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0) {
        return NO_CHILD;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static struct confinement of_a_converter(void) {
    static char film[512], out[512];
    snprintf(film, sizeof(film), "%s/film.mp4", home);
    snprintf(out, sizeof(out), "%s/out", home);
    return (struct confinement){
        .read = {film, NULL, "/nowhere"}, .write = out, .memory = 512 << 20};
}

/* As who: root only when we are root. */
static void is_refused(int (*what)(void), const struct confinement *confinement) {
    for (int nobody = getuid() != 0; nobody < 2; nobody++) {
        bool changes = nobody && getuid() == 0;
        int r = attempt(what, confinement, changes);
        if (r != EPERM && r != EACCES && r != EAFNOSUPPORT) {
            fail_msg("attempt ended with %d (%s)%s", r, strerror(r), changes ? " as nobody" : "");
        }
    }
}

static void is_possible(int (*what)(void), const struct confinement *confinement) {
    for (int nobody = getuid() != 0; nobody < 2; nobody++) {
        assert_int_equal(attempt(what, confinement, nobody && getuid() == 0), 0);
    }
}

/* What works without confinement and not within. */
static void is_taken_away(int (*what)(void)) {
    const struct confinement converter = of_a_converter();
    assert_int_equal(attempt(what, NULL, false), 0);
    is_refused(what, &converter);
}

static void its_input_and_output_stay(void **state) {
    (void)state;
    const struct confinement converter = of_a_converter();
    is_possible(read_input, &converter);
    is_possible(write_output, &converter);
    is_possible(make_thread, &converter);
    is_possible(load_library, &converter);
    is_possible(signal_itself, &converter);
    is_possible(make_pair, &converter);
}

static void other_files_are_out_of_reach(void **state) {
    (void)state;
    is_taken_away(read_other);
    is_taken_away(read_environment);
    is_taken_away(list_other);
    is_taken_away(write_outside);
    is_taken_away(write_input);
    is_taken_away(remove_other);
    is_taken_away(open_up_other);
    if (confine_landlock() >= 3) {
        is_taken_away(empty_other);
    }
}

static void nobody_can_be_spoken_to(void **state) {
    (void)state;
    is_taken_away(connect_tcp);
    is_taken_away(send_udp);
    is_taken_away(connect_unix);
    is_taken_away(listen_tcp);
    is_taken_away(listen_unix);
    is_taken_away(make_unix_datagrams);
}

static void no_process_is_made_or_touched(void **state) {
    (void)state;
    is_taken_away(run_program);
    is_taken_away(run_from_memory);
    is_taken_away(signal_other);
    if (SANITIZED) {
        skip(); /* their runtimes need a process and ptrace for themselves */
    }
    is_taken_away(make_process);
    is_taken_away(trace_other);
}

static void memory_ends_somewhere(void **state) {
    (void)state;
    const struct confinement converter = of_a_converter();
    if (SANITIZED) {
        skip();
    }
    assert_int_equal(attempt(take_memory, NULL, false), 0);
    assert_int_equal(attempt(take_memory, &converter, false), ENOMEM);
}

static void who_waits_at_a_door_hears_no_one_else(void **state) {
    (void)state;
    struct confinement door = of_a_converter();
    door.listen = true;
    is_possible(listen_unix, &door);
    is_refused(connect_unix, &door);
    is_refused(make_unix_datagrams, &door);
    is_refused(connect_tcp, &door);
    is_refused(listen_tcp, &door);
    is_refused(read_other, &door);
}

static void who_calls_others_reads_no_more_files(void **state) {
    (void)state;
    struct confinement caller = of_a_converter();
    caller.network = true;
    is_possible(connect_tcp, &caller);
    is_refused(listen_tcp, &caller);
    is_refused(read_other, &caller);
    is_refused(run_program, &caller);
    caller.listen = true;
    is_possible(listen_tcp, &caller);
}

static void it_must_come_before_the_first_thread(void **state) {
    (void)state;
    if (SANITIZED) {
        skip();
    }
    const struct confinement converter = of_a_converter();
    struct failure failure = {0};
    pthread_t thread;
    pid_t pid = fork();
    if (pid == 0) {
        pthread_create(&thread, NULL, wait_for_ever, NULL);
        int r = confine(&converter, &failure);
        _exit(r < 0 && strcmp(failure.reason, "internal") == 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void calls_that_nobody_needs_are_unknown(void **state) {
    (void)state;
    if (SANITIZED) {
        skip();
    }
    struct confinement confinement = of_a_converter();
    assert_int_equal(attempt(watch_files, NULL, false), 0);
    assert_int_equal(attempt(watch_files, &confinement, false), ENOSYS);
    confinement.network = true; /* a live source's libraries are many */
    assert_int_equal(attempt(watch_files, &confinement, false), 0);
}

/* ---- A kernel without Landlock ---- */

static const char *pipeline; /* path of parlour-pipeline, or NULL */

static void lose_landlock(void) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0) ||
        seccomp_load(filter)) {
        _exit(NO_CHILD);
    }
    seccomp_release(filter);
}

static int is_refused_in_words(void) {
    const struct confinement converter = of_a_converter();
    struct failure failure = {0};
    lose_landlock();
    int r = confine(&converter, &failure);
    bool said = strcmp(failure.reason, "no_confinement") == 0 &&
                strstr(failure.message, "Landlock") && strstr(failure.message, "unconfined");
    return r < 0 && said && read_other() == 0 ? 0 : EINVAL;
}

static int is_done_unconfined(void) {
    const struct confinement converter = of_a_converter();
    struct failure failure = {0};
    lose_landlock();
    confine_off();
    return confine(&converter, &failure) == 0 ? read_other() : EINVAL;
}

static void a_kernel_without_landlock_is_said(void **state) {
    (void)state;
    is_possible(is_refused_in_words, NULL);
    is_possible(is_done_unconfined, NULL);
}

/* The last line that the real program says of a file that is no film, as an ordinary user. */
static void program_says(bool landlock, const char *option, char ret[static 4096]) {
    int ends[2];
    size_t n = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (getuid() == 0 && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)) {
            _exit(NO_CHILD);
        }
        if (!landlock) {
            lose_landlock();
        }
        dup2(ends[1], STDOUT_FILENO);
        dup2(open("/dev/null", O_RDWR | O_CLOEXEC), STDERR_FILENO);
        setenv("HOME", in_home("out"), 1); /* for GStreamer's list of plug-ins */
        char film[512], out[512];
        snprintf(film, sizeof(film), "%s", in_home("film.mp4"));
        snprintf(out, sizeof(out), "%s", in_home("out/film"));
        if (option) {
            execl(pipeline, pipeline, option, "compile", film, "--out", out, (char *)NULL);
        } else {
            execl(pipeline, pipeline, "compile", film, "--out", out, (char *)NULL);
        }
        _exit(NO_CHILD);
    }
    close(ends[1]);
    for (ssize_t m; n < 4095 && (m = read(ends[0], ret + n, 4095 - n)) > 0;) {
        n += (size_t)m;
    }
    ret[n] = '\0';
    close(ends[0]);
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 1 << 8);
}

static void the_program_is_confined_or_refuses(void **state) {
    (void)state;
    char said[4096];
    if (!pipeline || SANITIZED) {
        skip();
    }
    program_says(true, NULL, said);
    assert_non_null(strstr(said, "\"reason\":\"not_a_video\""));
    program_says(false, NULL, said);
    assert_non_null(strstr(said, "\"reason\":\"no_confinement\""));
    assert_non_null(strstr(said, "Landlock is missing"));
    program_says(false, "--unconfined", said);
    assert_non_null(strstr(said, "\"reason\":\"not_a_video\""));
}

/* ---- The place ---- */

static int make_place(void **state) {
    (void)state;
    static const char *const files[] = {"film.mp4", "secret", "empty", "junk", "theirs"};
    socklen_t size = sizeof(tcp);
    if (!mkdtemp(home) || chmod(home, 0777) < 0 || mkdir(in_home("out"), 0777) < 0 ||
        chmod(in_home("out"), 0777) < 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        int fd = open(in_home(files[i]), O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
        if (fd < 0 || write(fd, "hello", 5) != 5 || fchmod(fd, 0666) < 0) {
            return -1;
        }
        close(fd);
    }
    tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(local.sun_path, sizeof(local.sun_path), "%s/listener", home);
    int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&tcp, sizeof(tcp)) < 0 || listen(fd, 64) < 0 ||
        getsockname(fd, (struct sockaddr *)&tcp, &size) < 0 ||
        bind(door, (struct sockaddr *)&local, sizeof(local)) < 0 || listen(door, 64) < 0 ||
        chmod(local.sun_path, 0777) < 0) {
        return -1;
    }
    other = fork();
    if (other == 0) {
        for (;;) {
            pause();
        }
    }
    return other > 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk) {
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

static int clear_place(void **state) {
    (void)state;
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    return nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_input_and_output_stay),
        cmocka_unit_test(other_files_are_out_of_reach),
        cmocka_unit_test(nobody_can_be_spoken_to),
        cmocka_unit_test(no_process_is_made_or_touched),
        cmocka_unit_test(memory_ends_somewhere),
        cmocka_unit_test(who_waits_at_a_door_hears_no_one_else),
        cmocka_unit_test(who_calls_others_reads_no_more_files),
        cmocka_unit_test(it_must_come_before_the_first_thread),
        cmocka_unit_test(calls_that_nobody_needs_are_unknown),
        cmocka_unit_test(a_kernel_without_landlock_is_said),
        cmocka_unit_test(the_program_is_confined_or_refuses),
    };
    pipeline = argc > 1 ? argv[1] : NULL;
    if (!confine_landlock() || !confine_seccomp()) {
        fputs("skipped: this kernel has no Landlock or no seccomp\n", stderr);
        return 77;
    }
    return cmocka_run_group_tests(tests, make_place, clear_place);
}
