/* Preloaded into the daemon under test: sees what it makes durable, and kills it at one chosen moment of that, or lets
 * its disk fill up.
 *
 * A commit of SQLite in WAL mode is: frames appended to the log, one sync of the log. A result handed out is: a file
 * written, synced, renamed, its folder synced. The C library's functions for these are replaced by ones that count
 * "points" (before the first byte, inside the frames, before and after the sync, before and after a rename or a
 * removal) and, at the point asked for, send this process SIGKILL. The daemon itself knows nothing of it: the binary
 * is the one that is shipped, and there is no switch in it that could fire by accident.
 *
 * BOUNDARY_KILL_AT=N  dies at the Nth point (absent or 0: never)
 * BOUNDARY_LOG=FILE   appends one line per point: number, microseconds of the monotonic clock, what, which file
 * BOUNDARY_FULL=FILE  a full disk while FILE is there and holds a number: no file below BOUNDARY_FULL_UNDER grows beyond
 *                     so many bytes (ENOSPC). With 0 overwriting fails too, as on file systems that copy on write
 * BOUNDARY_NO_LINKS=1 a file system that gives no file a second name (EPERM), as FAT does
 * BOUNDARY_WIRE=1     also logs (does not count) each call.save that is read and each INVITE that is sent
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static long kill_at;
static int log_fd = -1;
static int wire;
static const char *full_switch;
static const char *full_under;
static atomic_long points;
/* Writes to the log of the database since its last sync. One thread writes it. */
static atomic_int frames;

/* Found at the first use: constructors of other libraries read and write before ours has run. */
#define REAL(name, type, ...) \
    static type (*real)(__VA_ARGS__); \
    if (real == NULL) \
        real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("BOUNDARY_KILL_AT");
    const char *path = getenv("BOUNDARY_LOG");
    kill_at = at ? atol(at) : 0;
    wire = getenv("BOUNDARY_WIRE") != NULL;
    full_under = getenv("BOUNDARY_FULL_UNDER");
    full_switch = full_under ? getenv("BOUNDARY_FULL") : NULL;
    log_fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
}

static void note(long number, const char *what, const char *where)
{
    if (log_fd < 0)
        return;
    struct timespec now;
    char line[512];
    clock_gettime(CLOCK_MONOTONIC, &now);
    int length = snprintf(line, sizeof line, "%ld %ld %s %s\n", number,
                          now.tv_sec * 1000000L + now.tv_nsec / 1000, what, where);
    REAL("write", ssize_t, int, const void *, size_t);
    if (length > 0)
        real(log_fd, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

static void point(const char *what, const char *where)
{
    long number = atomic_fetch_add(&points, 1) + 1;
    note(number, what, where);
    if (number == kill_at) {
        kill(getpid(), SIGKILL);
        for (;;)
            pause();
    }
}

/* The last component of a descriptor's path, if it is a file of interest. */
static const char *interesting(int fd, char *buffer, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, buffer, size - 1);
    if (length <= 0 || buffer[0] != '/')
        return NULL;
    buffer[length] = 0;
    const char *name = strrchr(buffer, '/') + 1;
    size_t end = strlen(name);
    int log = end > 4 && strcmp(name + end - 4, "-wal") == 0;
    int drop = strstr(buffer, "/outbox") != NULL;
    return log || drop ? name : NULL;
}

static void before_write(int fd)
{
    char path[512];
    const char *name = interesting(fd, path, sizeof path);
    if (name == NULL || strstr(name, "-wal") == NULL)
        return;
    int count = atomic_fetch_add(&frames, 1);
    /* Each frame is two writes: the third begins the second frame, when the first is there without its commit. */
    if (count == 0)
        point("begin", name);
    else if (count == 2)
        point("torn", name);
}

/* Whether the disk has no room for a write that ends so far into the file (-1: at its end). */
static int full(int fd, size_t size, off64_t at)
{
    char link[64], path[512], text[32];
    struct stat64 state;
    if (full_switch == NULL || fd < 3)
        return 0;
    int from = open(full_switch, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return 0;
    ssize_t length = pread64(from, text, sizeof text - 1, 0);
    close(from);
    if (length <= 0)
        return 0;
    text[length] = 0;
    off64_t limit = atoll(text);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return 0;
    path[length] = 0;
    if (strncmp(path, full_under, strlen(full_under)) != 0 || fstat64(fd, &state) != 0 || !S_ISREG(state.st_mode))
        return 0;
    off64_t end = (at >= 0 ? at : lseek64(fd, 0, SEEK_CUR)) + (off64_t)size;
    if (limit > 0 && (end <= state.st_size || end <= limit))
        return 0;
    errno = ENOSPC;
    return 1;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    REAL("write", ssize_t, int, const void *, size_t);
    if (full(fd, size, -1))
        return -1;
    before_write(fd);
    return real(fd, bytes, size);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    REAL("pwrite64", ssize_t, int, const void *, size_t, off64_t);
    if (full(fd, size, at))
        return -1;
    before_write(fd);
    return real(fd, bytes, size, at);
}

static int synced(int fd, int (*real)(int))
{
    char path[512];
    const char *name = interesting(fd, path, sizeof path);
    if (name == NULL) {
        note(0, "sync", "other");
        return real(fd);
    }
    point("sync", name);
    int result = real(fd);
    if (strstr(name, "-wal") != NULL)
        atomic_store(&frames, 0);
    point("synced", name);
    return result;
}

int fsync(int fd)
{
    REAL("fsync", int, int);
    return synced(fd, real);
}

int fdatasync(int fd)
{
    REAL("fdatasync", int, int);
    return synced(fd, real);
}

int rename(const char *from, const char *to)
{
    REAL("rename", int, const char *, const char *);
    const char *name = strrchr(to, '/');
    name = name ? name + 1 : to;
    point("rename", name);
    int result = real(from, to);
    point("renamed", name);
    return result;
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    REAL("linkat", int, int, const char *, int, const char *, int);
    if (getenv("BOUNDARY_NO_LINKS") != NULL) {
        note(0, "link", "refused");
        errno = EPERM;
        return -1;
    }
    return real(from_folder, from, to_folder, to, flags);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path)
{
    REAL("unlink", int, const char *);
    size_t end = strlen(path);
    int recording = end > 4 && strcmp(path + end - 4, ".wav") == 0;
    if (recording)
        point("remove", "recording");
    int result = real(path);
    if (recording)
        point("removed", "recording");
    return result;
}

static void arrived(const char *bytes, ssize_t size)
{
    if (wire && size > 0 && memmem(bytes, (size_t)size, "call.save", 9) != NULL)
        note(0, "save", "socket");
}

ssize_t read(int fd, void *bytes, size_t size)
{
    REAL("read", ssize_t, int, void *, size_t);
    ssize_t result = real(fd, bytes, size);
    arrived(bytes, result);
    return result;
}

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    REAL("recv", ssize_t, int, void *, size_t, int);
    ssize_t result = real(fd, bytes, size, flags);
    arrived(bytes, result);
    return result;
}

ssize_t sendto(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    REAL("sendto", ssize_t, int, const void *, size_t, int, const struct sockaddr *, socklen_t);
    ssize_t result = real(fd, bytes, size, flags, to, length);
    if (wire && size > 7 && memcmp(bytes, "INVITE ", 7) == 0)
        note(0, "invite", "wire");
    return result;
}
