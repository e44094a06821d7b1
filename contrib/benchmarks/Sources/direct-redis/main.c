// SPDX-License-Identifier: MIT
// direct-redis SOCKET CONNECTIONS SECONDS PAYLOAD: the peer of `sluice bench` on a Redis keyspace. A closed loop over
// CONNECTIONS connections, each of which sends what a client without a sidecar would send for one transaction, in one write:
// MULTI, LPUSH of the transaction, SETEX of its status and of two caches, EXEC. Prints transactions/s, p50 and p99 in
// microseconds.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { REPLY_LINES = 10, CONNECTIONS_MAX = 4096, REPLY_BYTES_MAX = 4096 };

struct connection {
    int descriptor;
    int lines;
    double sent_at;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void fail(const char *what) {
    fprintf(stderr, "direct-redis: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int connected(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    return descriptor;
}

// One transaction with a fresh id: the same bytes that the sidecar stores, without its own bookkeeping.
static int request(char *into, unsigned long number, const char *payload, int payload_bytes) {
    char transaction[1024 + 65536], id[32], command[128];
    int id_bytes = snprintf(id, sizeof id, "direct-%016lx", number);
    int bytes = snprintf(
        transaction, sizeof transaction,
        "{\"transaction_id\":\"%s\",\"steps\":[{\"step_id\":\"s\",\"operation\":\"create\",\"model\":\"bench_record\","
        "\"id\":\"%s\",\"data\":{\"id\":\"%s\",\"payload\":\"%.*s\"}}]}",
        id, id, id, payload_bytes, payload);
    int at = sprintf(into, "*1\r\n$5\r\nMULTI\r\n*3\r\n$5\r\nLPUSH\r\n$13\r\ndirect:buffer\r\n$%d\r\n%s\r\n", bytes, transaction);
    const char *names[] = {"direct:transaction", "direct:cache:ids", "direct:buffered"};
    for (int i = 0; i < 3; i++) {
        int key_bytes = snprintf(command, sizeof command, "%s:%.*s", names[i], id_bytes, id);
        at += sprintf(
            into + at, "*4\r\n$5\r\nSETEX\r\n$%d\r\n%s\r\n$4\r\n3600\r\n$%d\r\n%s\r\n", key_bytes, command, bytes, transaction);
    }
    return at + sprintf(into + at, "*1\r\n$4\r\nEXEC\r\n");
}

static int by_value(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

int main(int count, char **arguments) {
    if (count != 5) {
        fprintf(stderr, "usage: direct-redis SOCKET CONNECTIONS SECONDS PAYLOAD\n");
        return 2;
    }
    int connections = atoi(arguments[2]), payload_bytes = atoi(arguments[4]);
    double seconds = atof(arguments[3]);
    if (connections < 1 || connections > CONNECTIONS_MAX || payload_bytes < 0 || payload_bytes > 65000) return 2;

    static struct connection all[CONNECTIONS_MAX];
    char *payload = malloc((size_t)payload_bytes + 1), *out = malloc(5 * (65536 + 2048));
    memset(payload, 'x', (size_t)payload_bytes);
    size_t capacity = 1 << 20, done = 0;
    double *latencies = malloc(capacity * sizeof *latencies);
    unsigned long number = (unsigned long)getpid() << 32;
    int poll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < connections; i++) {
        all[i].descriptor = connected(arguments[1]);
        struct epoll_event interest = {.events = EPOLLIN, .data.u32 = (unsigned)i};
        epoll_ctl(poll, EPOLL_CTL_ADD, all[i].descriptor, &interest);
    }

    // As `sluice bench` does: a load does not interrupt the server that it measures.
    struct sched_param parameters = {0};
    sched_setscheduler(0, SCHED_BATCH, &parameters);

    double start = now(), end = start + seconds;
    int open = connections;
    for (int i = 0; i < connections; i++) {
        int bytes = request(out, number++, payload, payload_bytes);
        all[i].sent_at = now();
        if (write(all[i].descriptor, out, (size_t)bytes) != bytes) fail("write");
    }
    while (open > 0) {
        struct epoll_event events[256];
        int ready = epoll_wait(poll, events, 256, 5000);
        if (ready <= 0) fail("no reply");
        for (int e = 0; e < ready; e++) {
            struct connection *one = &all[events[e].data.u32];
            char reply[REPLY_BYTES_MAX];
            ssize_t got = read(one->descriptor, reply, sizeof reply);
            if (got <= 0) fail("read");
            if (memchr(reply, '-', (size_t)got)) {
                fprintf(stderr, "direct-redis: %.*s\n", (int)got, reply);
                return 1;
            }
            for (ssize_t i = 0; i < got; i++) one->lines += reply[i] == '\n';
            if (one->lines < REPLY_LINES) continue;
            one->lines = 0;
            double time = now();
            if (done == capacity) latencies = realloc(latencies, (capacity *= 2) * sizeof *latencies);
            latencies[done++] = (time - one->sent_at) * 1e6;
            if (time >= end) {
                open--;
                continue;
            }
            int bytes = request(out, number++, payload, payload_bytes);
            one->sent_at = now();
            if (write(one->descriptor, out, (size_t)bytes) != bytes) fail("write");
        }
    }
    double elapsed = now() - start;
    qsort(latencies, done, sizeof *latencies, by_value);
    printf("%.0f %.0f %.0f\n", (double)done / elapsed, latencies[done / 2], latencies[(size_t)((double)done * 0.99)]);
    return 0;
}
