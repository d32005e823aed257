#include "job/confine.h"

#include "job/confine_calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MEMORY_DEFAULT (3ull << 30)
#define MEMORY_BASE (1ull << 30) /* stacks of threads and the like, hardly touched */
#define FILE_SIZE_MAX (64ull << 30)

/* linux/landlock.h of the newest ABI that we use; the distribution's header may be older. */
#define FS_EXECUTE (1ull << 0)
#define FS_WRITE_FILE (1ull << 1)
#define FS_READ_FILE (1ull << 2)
#define FS_READ_DIR (1ull << 3)
#define FS_REMOVE_DIR (1ull << 4)
#define FS_REMOVE_FILE (1ull << 5)
#define FS_MAKE_DIR (1ull << 7)
#define FS_MAKE_REG (1ull << 8)
#define FS_MAKE_SOCK (1ull << 9)
#define FS_ALL_1 ((1ull << 13) - 1)
#define FS_REFER (1ull << 13)     /* ABI 2 */
#define FS_TRUNCATE (1ull << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (1ull << 15) /* ABI 5 */
#define NET_BIND_TCP (1ull << 0)  /* ABI 4 */
#define NET_CONNECT_TCP (1ull << 1)
#define SCOPE_ALL 3ull /* abstract Unix sockets, signals; ABI 6 */
#define RULE_PATH_BENEATH 1
#define CREATE_RULESET_VERSION 1u

struct ruleset_attr {
    uint64_t handled_fs, handled_net, scoped;
};

struct path_beneath_attr {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

static bool off;

void confine_off(void) {
    off = true;
}

int confine_landlock(void) {
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    return abi > 0 ? (int)abi : 0;
}

bool confine_seccomp(void) {
    uint32_t action = SECCOMP_RET_ERRNO;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* ---- Files ---- */

static uint64_t handled_by(int abi) {
    return FS_ALL_1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
           (abi >= 5 ? FS_IOCTL_DEV : 0);
}

static int allow(int ruleset, const char *path, uint64_t rights) {
    struct stat st;
    int fd = path ? open(path, O_PATH | O_CLOEXEC) : -1;
    if (fd < 0) {
        return 0;
    }
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)) {
        rights &= FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE;
    }
    const struct path_beneath_attr rule = {.allowed = rights, .parent_fd = fd};
    int r = (int)syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
    close(fd);
    return r;
}

static int allow_system(int ruleset) {
    static const char *const places[] = {
        "/usr", "/lib", "/lib64", "/lib32", "/opt/gstreamer", "/etc/ld.so.cache", "/etc/ld.so.conf",
        "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/fonts", "/var/cache/fontconfig",
        "/etc/localtime", "/etc/timezone", "/etc/locale.alias", "/etc/passwd", "/etc/group",
        "/etc/nsswitch.conf",
        /* of this process alone: Landlock binds the rule to what the name means now */
        "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems",
        "/proc/sys/vm/overcommit_memory", "/sys/devices/system/cpu", "/dev/zero", "/dev/urandom",
        "/dev/random"};
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        if (allow(ruleset, places[i], FS_READ_FILE | FS_READ_DIR) < 0) {
            return -1;
        }
    }
    return allow(ruleset, "/dev/null", FS_READ_FILE | FS_WRITE_FILE);
}

static int allow_resolver(int ruleset) {
    static const char *const places[] = {"/etc/hosts",     "/etc/resolv.conf",     "/etc/host.conf",
                                         "/etc/gai.conf",  "/etc/services",        "/etc/protocols",
                                         "/etc/ssl/certs", "/run/systemd/resolve", "/proc/sys/net",
                                         "/proc/net"};
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        if (allow(ruleset, places[i], FS_READ_FILE | FS_READ_DIR) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Plug-ins and libraries that were named by a list in the environment. */
static int allow_listed(int ruleset, const char *variable) {
    char *list = getenv(variable) ? strdup(getenv(variable)) : NULL;
    char *rest = list;
    int r = 0;
    for (char *path; r == 0 && rest && (path = strsep(&rest, ":"));) {
        r = *path ? allow(ruleset, path, FS_READ_FILE | FS_READ_DIR) : 0;
    }
    free(list);
    return r;
}

/* LeakSanitizer reads its list when the process ends. */
static int allow_sanitizer(int ruleset) {
    static const char *const variables[] = {"LSAN_OPTIONS", "ASAN_OPTIONS", "TSAN_OPTIONS"};
    int r = 0;
    for (size_t i = 0; SANITIZED && r == 0 && i < sizeof(variables) / sizeof(*variables); i++) {
        const char *options = getenv(variables[i]);
        const char *at = options ? strstr(options, "suppressions=") : NULL;
        char *path = at ? strdup(at + strlen("suppressions=")) : NULL;
        if (path) {
            path[strcspn(path, ":")] = '\0';
            r = allow(ruleset, path, FS_READ_FILE);
        }
        free(path);
    }
    return r;
}

static int fill(int ruleset, int abi, const struct confinement *what) {
    static const char *const lists[] = {"GST_PLUGIN_PATH", "GST_PLUGIN_PATH_1_0",
                                        "GST_PLUGIN_SYSTEM_PATH", "GST_PLUGIN_SYSTEM_PATH_1_0",
                                        "LD_LIBRARY_PATH"};
    const uint64_t write = FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_REMOVE_DIR |
                           FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG |
                           (what->listen ? FS_MAKE_SOCK : 0) | (abi >= 2 ? FS_REFER : 0) |
                           (abi >= 3 ? FS_TRUNCATE : 0);
    int r = allow_system(ruleset);
    r = r == 0 ? allow_sanitizer(ruleset) : r;
    for (size_t i = 0; r == 0 && i < sizeof(lists) / sizeof(*lists); i++) {
        r = allow_listed(ruleset, lists[i]);
    }
    for (size_t i = 0; r == 0 && i < CONFINE_READ_MAX; i++) {
        r = allow(ruleset, what->read[i], FS_READ_FILE | FS_READ_DIR);
    }
    r = r == 0 && what->network ? allow_resolver(ruleset) : r;
    return r == 0 ? allow(ruleset, what->write, write) : r;
}

static int restrict_files(const struct confinement *what) {
    int abi = confine_landlock();
    struct ruleset_attr attr = {.handled_fs = handled_by(abi)};
    if (abi >= 4) {
        attr.handled_net = (what->network ? 0 : NET_CONNECT_TCP) |
                           (what->network && what->listen ? 0 : NET_BIND_TCP);
    }
    if (abi >= 6 && !SANITIZED) {
        attr.scoped = SCOPE_ALL;
    }
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (ruleset < 0) {
        return -1;
    }
    int r = fill(ruleset, abi, what);
    r = r == 0 ? (int)syscall(SYS_landlock_restrict_self, ruleset, 0) : r;
    int error = errno;
    close(ruleset);
    errno = error;
    return r;
}

/* ---- Limits and privileges ---- */

static int limit(int resource, uint64_t most) {
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)resource, &now) < 0) {
        return -1;
    }
    rlim_t value = now.rlim_max != RLIM_INFINITY && now.rlim_max < most ? now.rlim_max : most;
    const struct rlimit to = {.rlim_cur = value, .rlim_max = value};
    return setrlimit((__rlimit_resource_t)resource, &to);
}

static int restrict_resources(const struct confinement *what) {
    const char *told = getenv("PARLOUR_MEMORY");
    uint64_t memory = told ? MEMORY_BASE + 2 * strtoull(told, NULL, 10) : 0;
    memory = what->memory ? what->memory : memory ? memory : MEMORY_DEFAULT;
    int r = limit(RLIMIT_CORE, 0);
    r = r ? r : limit(RLIMIT_FSIZE, FILE_SIZE_MAX);
    r = r || SANITIZED ? r : limit(RLIMIT_DATA, memory);
    return r || !what->cpu_seconds ? r : limit(RLIMIT_CPU, what->cpu_seconds);
}

/* Root keeps only what opens other people's files: that is held back by Landlock anyway. */
static int drop_privileges(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    const uint32_t kept = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH;
    if (syscall(SYS_capget, &header, data) < 0) {
        return -1;
    }
    data[0].effective &= kept;
    data[0].permitted &= kept;
    data[1].effective = data[1].permitted = 0;
    data[0].inheritable = data[1].inheritable = 0;
    if (syscall(SYS_capset, &header, data) < 0) {
        return -1;
    }
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static bool is_alone(void) {
    size_t threads = 0;
    DIR *dir = opendir("/proc/self/task");
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        threads += entry->d_name[0] != '.';
    }
    if (dir) {
        closedir(dir);
    }
    return threads == 1;
}

int confine(const struct confinement *what, struct failure *failure) {
    if (off) {
        return 0;
    }
    if (!confine_landlock() || !confine_seccomp()) {
        return failure_set(failure, "no_confinement",
                           "This system's kernel cannot keep the converter away from other files "
                           "(%s is missing). Whoever runs this server can allow that with the "
                           "setting unconfined.",
                           confine_seccomp() ? "Landlock" : "seccomp");
    }
    if (!is_alone() && !SANITIZED) {
        return failure_set(failure, "internal", "confine() came after the first thread.");
    }
    if (restrict_resources(what) < 0 || drop_privileges() < 0 || restrict_files(what) < 0) {
        return failure_set(failure, "internal", "The converter cannot be confined: %s.",
                           strerror(errno));
    }
    int error = confine_calls(what);
    if (error) {
        return failure_set(failure, "internal", "The converter cannot be confined: %s.",
                           strerror(-error));
    }
    return 0;
}
