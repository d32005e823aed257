#include "job/confine_calls.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* No media job has a use for these, whatever its input says. */
static const char *const refused[] = {
    "execve",
    "execveat",
    "fork",
    "vfork",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "process_mrelease",
    "kcmp",
    "pidfd_open",
    "pidfd_getfd",
    "pidfd_send_signal",
    "tkill",
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "chroot",
    "unshare",
    "setns",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "move_mount",
    "open_tree",
    "mount_setattr",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "keyctl",
    "add_key",
    "request_key",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    "quotactl",
    "quotactl_fd",
    "open_by_handle_at",
    "name_to_handle_at",
    "personality",
    "modify_ldt",
    "iopl",
    "ioperm",
    "uselib",
    "ustat",
    "sysfs",
    "setuid",
    "setgid",
    "setgroups",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setfsuid",
    "setfsgid",
    "capset",
    "setsid",
    "setpgid",
    "mknod",
    "mknodat",
    "chmod",
    "fchmod",
    "fchmodat",
    "chown",
    "fchown",
    "lchown",
    "fchownat",
    "setxattr",
    "lsetxattr",
    "fsetxattr",
    "removexattr",
    "lremovexattr",
    "fremovexattr",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "sethostname",
    "setdomainname",
    "syslog",
    "vhangup",
    "nfsservctl",
    "lookup_dcookie",
    "shmget",
    "shmat",
    "shmctl",
    "semget",
    "semop",
    "semctl",
    "msgget",
    "msgsnd",
    "msgrcv",
    "msgctl",
    "mq_open",
    "mq_unlink",
    "fanotify_init",
    "migrate_pages",
    "move_pages",
    "mbind",
    "vmsplice",
};

/* What GStreamer, its codecs, poppler and the C library call when they read, compute and write;
 * taken from strace(1) of all jobs, with the siblings of each call. */
static const char *const allowed[] = {
    "access",
    "alarm",
    "arch_prctl",
    "brk",
    "capget",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "clone",
    "close",
    "close_range",
    "copy_file_range",
    "dup",
    "dup2",
    "dup3",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "eventfd",
    "eventfd2",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fallocate",
    "fcntl",
    "fdatasync",
    "flock",
    "fstat",
    "fstatfs",
    "fsync",
    "ftruncate",
    "futex",
    "futex_wait",
    "futex_waitv",
    "futex_wake",
    "get_mempolicy",
    "get_robust_list",
    "getcpu",
    "getcwd",
    "getdents",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getgroups",
    "getitimer",
    "getpgid",
    "getpgrp",
    "getpid",
    "getppid",
    "getpriority",
    "getrandom",
    "getresgid",
    "getresuid",
    "getrlimit",
    "getrusage",
    "getsid",
    "getsockname",
    "getsockopt",
    "getpeername",
    "gettid",
    "gettimeofday",
    "getuid",
    "ioctl",
    "ioprio_get",
    "ioprio_set",
    "kill",
    "lseek",
    "lstat",
    "madvise",
    "membarrier",
    "memfd_create",
    "mincore",
    "mkdir",
    "mkdirat",
    "mlock",
    "mlock2",
    "mlockall",
    "mmap",
    "mprotect",
    "mremap",
    "msync",
    "munlock",
    "munlockall",
    "munmap",
    "nanosleep",
    "newfstatat",
    "open",
    "openat",
    "openat2",
    "pause",
    "pipe",
    "pipe2",
    "poll",
    "ppoll",
    "prctl",
    "pread64",
    "preadv",
    "preadv2",
    "prlimit64",
    "pselect6",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "read",
    "readahead",
    "readlink",
    "readlinkat",
    "readv",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "rename",
    "renameat",
    "renameat2",
    "restart_syscall",
    "riscv_flush_icache",
    "riscv_hwprobe",
    "rmdir",
    "rseq",
    "rt_sigaction",
    "rt_sigpending",
    "rt_sigprocmask",
    "rt_sigqueueinfo",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "rt_tgsigqueueinfo",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "sched_getaffinity",
    "sched_getattr",
    "sched_getparam",
    "sched_getscheduler",
    "sched_rr_get_interval",
    "sched_setaffinity",
    "sched_setattr",
    "sched_setparam",
    "sched_setscheduler",
    "sched_yield",
    "seccomp",
    "select",
    "sendfile",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "set_mempolicy",
    "set_robust_list",
    "set_tid_address",
    "setitimer",
    "setpriority",
    "setrlimit",
    "setsockopt",
    "shutdown",
    "sigaltstack",
    "signalfd",
    "signalfd4",
    "socketpair",
    "splice",
    "stat",
    "statfs",
    "statx",
    "sync_file_range",
    "sysinfo",
    "tee",
    "tgkill",
    "time",
    "timer_create",
    "timer_delete",
    "timer_getoverrun",
    "timer_gettime",
    "timer_settime",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_settime",
    "times",
    "truncate",
    "umask",
    "uname",
    "unlink",
    "unlinkat",
    "utimensat",
    "write",
    "writev",
};

#define DENY SCMP_ACT_ERRNO(EPERM)

static int refuse(scmp_filter_ctx filter, const char *name, uint32_t action) {
    int number = seccomp_syscall_resolve_name(name);
    return number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, action, number, 0);
}

static bool needed_by_sanitizer(const char *name) {
    return SANITIZED && strcmp(name, "ptrace") == 0;
}

static int refuse_always(scmp_filter_ctx filter) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof(refused) / sizeof(*refused); i++) {
        r = needed_by_sanitizer(refused[i]) ? 0 : refuse(filter, refused[i], DENY);
    }
    /* Libraries do without these when the kernel does not know them; clone3 hides its flags behind
     * a pointer. */
    r = r ? r : refuse(filter, "clone3", SCMP_ACT_ERRNO(ENOSYS));
    r = r ? r : refuse(filter, "io_uring_setup", SCMP_ACT_ERRNO(ENOSYS));
    r = r ? r : refuse(filter, "io_uring_enter", SCMP_ACT_ERRNO(ENOSYS));
    return r ? r : refuse(filter, "io_uring_register", SCMP_ACT_ERRNO(ENOSYS));
}

#define CLONE_THREAD_FLAG 0x00010000u
#define TIOCSTI_REQUEST 0x5412u
#define TIOCLINUX_REQUEST 0x541cu

/* Threads, but no processes; signals and limits for ourselves alone. */
static int refuse_processes(scmp_filter_ctx filter) {
    const scmp_datum_t own = (scmp_datum_t)getpid();
    int r = SANITIZED ? 0
                      : seccomp_rule_add(filter, DENY, SCMP_SYS(clone), 1,
                                         SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD_FLAG, 0));
    r = r ? r : seccomp_rule_add(filter, DENY, SCMP_SYS(kill), 1, SCMP_A0(SCMP_CMP_NE, own, 0));
    r = r ? r : seccomp_rule_add(filter, DENY, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_NE, own, 0));
    r = r ? r
          : seccomp_rule_add(filter, DENY, SCMP_SYS(rt_sigqueueinfo), 1,
                             SCMP_A0(SCMP_CMP_NE, own, 0));
    r = r ? r
          : seccomp_rule_add(filter, DENY, SCMP_SYS(rt_tgsigqueueinfo), 1,
                             SCMP_A0(SCMP_CMP_NE, own, 0));
    r = r ? r : seccomp_rule_add(filter, DENY, SCMP_SYS(prlimit64), 1, SCMP_A0(SCMP_CMP_NE, 0, 0));
    r = r ? r
          : seccomp_rule_add(filter, DENY, SCMP_SYS(ioctl), 1,
                             SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, TIOCSTI_REQUEST));
    return r ? r
             : seccomp_rule_add(filter, DENY, SCMP_SYS(ioctl), 1,
                                SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, TIOCLINUX_REQUEST));
}

/* Without network and listening there are only socket pairs. */
static int refuse_sockets(scmp_filter_ctx filter, const struct confinement *what) {
    int r = 0;
    if (!what->network && !what->listen) {
        r = refuse(filter, "socket", DENY);
    } else if (!what->network) { /* a datagram could be sent to any Unix socket of the system */
        r = seccomp_rule_add(filter, DENY, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_NE, AF_UNIX, 0));
        for (unsigned type = 2; r == 0 && type < 16; type++) {
            r = seccomp_rule_add(filter, DENY, SCMP_SYS(socket), 1,
                                 SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, type));
        }
    } else {
        for (unsigned family = 0; r == 0 && family < AF_MAX; family++) {
            bool known = family == AF_UNIX || family == AF_INET || family == AF_INET6 ||
                         family == AF_NETLINK;
            r = known ? 0
                      : seccomp_rule_add(filter, DENY, SCMP_SYS(socket), 1,
                                         SCMP_A0(SCMP_CMP_EQ, family, 0));
        }
        r = r ? r
              : seccomp_rule_add(filter, DENY, SCMP_SYS(socket), 1,
                                 SCMP_A0(SCMP_CMP_GE, AF_MAX, 0));
    }
    r = r || what->network ? r : refuse(filter, "connect", DENY);
    r = r || what->network || what->listen ? r : refuse(filter, "bind", DENY);
    r = r || what->listen ? r : refuse(filter, "listen", DENY);
    r = r || what->listen ? r : refuse(filter, "accept", DENY);
    return r || what->listen ? r : refuse(filter, "accept4", DENY);
}

static int load(scmp_filter_ctx filter, int error) {
    error = error ? error : seccomp_load(filter);
    seccomp_release(filter);
    return error;
}

static int refuse_some(const struct confinement *what) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter) {
        return -ENOMEM;
    }
    int r = refuse_always(filter);
    r = r ? r : refuse_processes(filter);
    r = r ? r : refuse_sockets(filter, what);
    return load(filter, r);
}

static int allow_some(void) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int r = filter ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < sizeof(allowed) / sizeof(*allowed); i++) {
        int number = seccomp_syscall_resolve_name(allowed[i]);
        r = number < 0 ? 0 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
    }
    return filter ? load(filter, r) : r;
}

/* Of two filters that refuse, the one that was loaded last says the errno. */
int confine_calls(const struct confinement *what) {
    int r = what->network || what->listen || SANITIZED ? 0 : allow_some();
    return r ? r : refuse_some(what);
}
