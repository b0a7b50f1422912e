/* Preloaded into a program: writes down, in order, what it does to files below $TRACE_ROOT, and what it writes to standard
   output, in the file $TRACE_FILE. Each record: kind (1 byte), inode (8), offset or size (8), length (8), then bytes. All numbers
   in the machine's byte order. Kinds: W write, T size, S sync, N new name (bytes: path), M folder, R rename (old, 0, new), U unlink,
   A what was said. Paths are below the root. After $TRACE_LIMIT records the process ends at once. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static long remaining = -1;
static char root[4096];
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_openat)(int, const char *, int, ...);

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static void begin(void) {
    pthread_mutex_lock(&lock);
    if (trace < 0) {
        real_write = real("write");
        real_openat = real("openat");
        trace = real_openat(AT_FDCWD, getenv("TRACE_FILE"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (getenv("TRACE_LIMIT")) remaining = atol(getenv("TRACE_LIMIT"));
        if (trace < 0 || !realpath(getenv("TRACE_ROOT"), root)) abort();
    }
}

static void end(void) { pthread_mutex_unlock(&lock); }

static void put(const void *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = real_write(trace, bytes, count);
        if (written <= 0) abort();
        bytes = (const char *)bytes + written;
        count -= written;
    }
}

static void record(char kind, uint64_t inode, uint64_t offset, const void *bytes, uint64_t count) {
    char header[25];
    header[0] = kind;
    memcpy(header + 1, &inode, 8);
    memcpy(header + 9, &offset, 8);
    memcpy(header + 17, &count, 8);
    put(header, sizeof header);
    put(bytes, count);
    if (remaining > 0 && --remaining == 0) _exit(9);
}

/* The path below the root of a name in a folder, or 0. */
static const char *below(int folder, const char *name, char *buffer) {
    char link[64], path[4096] = "";
    if (name[0] != '/') {
        snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
        ssize_t count = readlink(link, path, sizeof path - 2);
        if (count < 0) return 0;
        path[count] = '/';
        path[count + 1] = 0;
    }
    snprintf(buffer, 8192, "%s%s", path, name);
    size_t count = strlen(root);
    return strncmp(buffer, root, count) == 0 && buffer[count] == '/' ? buffer + count + 1 : 0;
}

/* The inode of an open file below the root, or 0. */
static uint64_t inode(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t count = readlink(link, path, sizeof path - 1);
    if (count < 0) return 0;
    path[count] = 0;
    struct stat status;
    if (strncmp(path, root, strlen(root)) != 0 || fstat(file, &status) != 0) return 0;
    return status.st_ino;
}

static int opened(int folder, const char *name, int flags, mode_t mode) {
    char buffer[8192];
    begin();
    const char *path = below(folder, name, buffer);
    struct stat before;
    int is_new = path && (flags & O_CREAT) && fstatat(folder, name, &before, AT_SYMLINK_NOFOLLOW) != 0;
    int file = real_openat(folder, name, flags, mode);
    if (file >= 0 && is_new) record('N', inode(file), 0, path, strlen(path));
    if (file >= 0 && path && (flags & O_TRUNC)) record('T', inode(file), 0, "", 0);
    end();
    return file;
}

#define MODE_OF(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }

int open(const char *name, int flags, ...) { MODE_OF(flags) return opened(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE_OF(flags) return opened(AT_FDCWD, name, flags, mode); }
int openat(int folder, const char *name, int flags, ...) { MODE_OF(flags) return opened(folder, name, flags, mode); }
int openat64(int folder, const char *name, int flags, ...) { MODE_OF(flags) return opened(folder, name, flags, mode); }

ssize_t write(int file, const void *bytes, size_t count) {
    begin();
    off_t offset = lseek(file, 0, SEEK_CUR);
    ssize_t result = real_write(file, bytes, count);
    uint64_t number = file == 1 ? 0 : inode(file);
    if (result > 0 && file == 1) record('A', 0, 0, bytes, result);
    if (result > 0 && number) record('W', number, offset, bytes, result);
    end();
    return result;
}

static ssize_t wrote(const char *name, int file, const void *bytes, size_t count, off_t offset) {
    ssize_t (*call)(int, const void *, size_t, off_t) = real(name);
    begin();
    ssize_t result = call(file, bytes, count, offset);
    uint64_t number = inode(file);
    if (result > 0 && number) record('W', number, offset, bytes, result);
    end();
    return result;
}
ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) { return wrote("pwrite", file, bytes, count, offset); }
ssize_t pwrite64(int file, const void *bytes, size_t count, off_t offset) { return wrote("pwrite64", file, bytes, count, offset); }

static int sized(const char *name, int file, off_t size) {
    int (*call)(int, off_t) = real(name);
    begin();
    int result = call(file, size);
    uint64_t number = inode(file);
    if (result == 0 && number) record('T', number, size, "", 0);
    end();
    return result;
}
int ftruncate(int file, off_t size) { return sized("ftruncate", file, size); }
int ftruncate64(int file, off_t size) { return sized("ftruncate64", file, size); }

static int allocated(const char *name, int file, off_t offset, off_t count) {
    int (*call)(int, off_t, off_t) = real(name);
    begin();
    int result = call(file, offset, count);
    uint64_t number = inode(file);
    if (result == 0 && number) record('T', number, offset + count, "", 0);
    end();
    return result;
}
int posix_fallocate(int file, off_t offset, off_t count) { return allocated("posix_fallocate", file, offset, count); }
int posix_fallocate64(int file, off_t offset, off_t count) { return allocated("posix_fallocate64", file, offset, count); }

static int synced(const char *name, int file) {
    int (*call)(int) = real(name);
    begin();
    int result = call(file);
    uint64_t number = inode(file);
    if (result == 0 && number) record('S', number, 0, "", 0);
    end();
    return result;
}
int fsync(int file) { return synced("fsync", file); }
int fdatasync(int file) { return synced("fdatasync", file); }

static int removed(int folder, const char *name, int flags) {
    int (*call)(int, const char *, int) = real("unlinkat");
    char buffer[8192];
    begin();
    const char *path = below(folder, name, buffer);
    int result = call(folder, name, flags);
    if (result == 0 && path) record('U', 0, 0, path, strlen(path));
    end();
    return result;
}
int unlinkat(int folder, const char *name, int flags) { return removed(folder, name, flags); }
int unlink(const char *name) { return removed(AT_FDCWD, name, 0); }

int mkdirat(int folder, const char *name, mode_t mode) {
    int (*call)(int, const char *, mode_t) = real("mkdirat");
    char buffer[8192];
    begin();
    const char *path = below(folder, name, buffer);
    int result = call(folder, name, mode);
    if (result == 0 && path) record('M', 0, 0, path, strlen(path));
    end();
    return result;
}

int renameat(int from, const char *old, int to, const char *new) {
    int (*call)(int, const char *, int, const char *) = real("renameat");
    char first[8192], second[8192], both[16384];
    begin();
    const char *source = below(from, old, first), *target = below(to, new, second);
    int result = call(from, old, to, new);
    if (result == 0 && source && target) {
        size_t length = strlen(source);
        memcpy(both, source, length + 1);
        strcpy(both + length + 1, target);
        record('R', 0, 0, both, length + 1 + strlen(target));
    }
    end();
    return result;
}
