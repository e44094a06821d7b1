// SPDX-License-Identifier: MIT
// delay-proxy LISTEN CONNECT MILLISECONDS: a long way between two Unix sockets. Every byte arrives MILLISECONDS after
// it was sent, in either direction, the end of a connection too; throughput is not limited. Runs until SIGTERM.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 16, EVENTS_MAX = 256, BACKLOG_CONNECTIONS = 128 };
// What one direction may hold. Only a peer that does not read gets there: then the other one must wait, too.
static const size_t held_bytes_max = 256u << 20;

struct chunk {
    struct chunk *next;
    double due;
    size_t bytes, taken;  // 0 bytes: the end
    char data[];
};

struct end;

// What is on its way to `to`.
struct direction {
    struct end *from, *to;
    struct chunk *first, **last;
    size_t held_bytes;
    int has_ended, is_full;  // Nothing more comes in; nothing more fits out for now.
    struct direction *next, **here;
};

struct end {
    int descriptor;
    unsigned interest;
    struct pair *pair;
    struct direction *in, *out;
};

struct pair {
    struct end ends[2];
    struct direction directions[2];
    struct pair *next_dead;
    int is_dead;
};

static int poll_descriptor;
static double delay;
static struct direction *all;
static struct pair *dead;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void fail(const char *what) {
    fprintf(stderr, "delay-proxy: %s: %s\n", what, strerror(errno));
    exit(1);
}

static struct sockaddr_un address_of(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) errno = ENAMETOOLONG, fail(path);
    strcpy(address.sun_path, path);
    return address;
}

// What epoll shall tell: bytes while there is room for them, and room where bytes are overdue. An end of which nothing
// is wanted is taken out: epoll would tell again and again that it was hung up.
static void watch(struct end *end) {
    unsigned wanted = 0;
    if (!end->out->has_ended && end->out->held_bytes < held_bytes_max) wanted |= EPOLLIN;
    if (end->in->is_full) wanted |= EPOLLOUT;
    if (wanted == end->interest) return;
    int operation = !wanted ? EPOLL_CTL_DEL : end->interest ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    end->interest = wanted;
    struct epoll_event event = {.events = wanted, .data.ptr = end};
    if (epoll_ctl(poll_descriptor, operation, end->descriptor, &event) != 0) fail("epoll_ctl");
}

// Events of this round may still name it, so its memory goes later.
static void bury(struct pair *pair) {
    if (pair->is_dead) return;
    pair->is_dead = 1;
    pair->next_dead = dead;
    dead = pair;
    for (int i = 0; i < 2; i++) {
        struct direction *direction = &pair->directions[i];
        close(pair->ends[i].descriptor);
        *direction->here = direction->next;
        if (direction->next) direction->next->here = direction->here;
    }
}

static void free_the_dead(void) {
    while (dead) {
        struct pair *pair = dead;
        dead = pair->next_dead;
        for (int i = 0; i < 2; i++)
            for (struct chunk *chunk = pair->directions[i].first, *next; chunk; chunk = next) {
                next = chunk->next;
                free(chunk);
            }
        free(pair);
    }
}

static void take_in(struct end *end) {
    struct direction *direction = end->out;
    static char buffer[CHUNK_BYTES];
    ssize_t got = recv(end->descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0) return bury(end->pair);
    struct chunk *chunk = malloc(sizeof *chunk + (size_t)got);
    if (!chunk) fail("malloc");
    *chunk = (struct chunk){.due = now() + delay, .bytes = (size_t)got};
    memcpy(chunk->data, buffer, (size_t)got);
    *direction->last = chunk;
    direction->last = &chunk->next;
    direction->held_bytes += (size_t)got;
    direction->has_ended = got == 0;
    watch(end);
}

static void let_out(struct direction *direction, double time) {
    direction->is_full = 0;
    while (direction->first && direction->first->due <= time) {
        struct chunk *chunk = direction->first;
        if (chunk->bytes == 0) return bury(direction->to->pair);
        ssize_t put = send(
            direction->to->descriptor, chunk->data + chunk->taken, chunk->bytes - chunk->taken, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0 && (errno == EAGAIN || errno == EINTR)) {
            direction->is_full = 1;
            break;
        }
        if (put < 0) return bury(direction->to->pair);
        chunk->taken += (size_t)put;
        direction->held_bytes -= (size_t)put;
        if (chunk->taken < chunk->bytes) continue;
        direction->first = chunk->next;
        if (!direction->first) direction->last = &direction->first;
        free(chunk);
    }
    watch(direction->to);
    watch(direction->from);
}

static void join(int client, const char *path) {
    struct sockaddr_un address = address_of(path);
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address) != 0) {
        close(client);
        if (server >= 0) close(server);
        return;
    }
    struct pair *pair = calloc(1, sizeof *pair);
    if (!pair) fail("calloc");
    int descriptors[2] = {client, server};
    for (int i = 0; i < 2; i++) {
        struct direction *direction = &pair->directions[i];
        *direction = (struct direction){.from = &pair->ends[i], .to = &pair->ends[1 - i], .next = all, .here = &all};
        direction->last = &direction->first;
        if (all) all->here = &direction->next;
        all = direction;
        pair->ends[i] = (struct end){
            .descriptor = descriptors[i], .pair = pair, .out = direction, .in = &pair->directions[1 - i]};
    }
    for (int i = 0; i < 2; i++) watch(&pair->ends[i]);
}

// Milliseconds until something is due, rounded up; -1: nothing is on its way.
static int patience(double time) {
    double due = -1;
    for (struct direction *direction = all; direction; direction = direction->next)
        if (direction->first && !direction->is_full && (due < 0 || direction->first->due < due))
            due = direction->first->due;
    if (due < 0) return -1;
    return due <= time ? 0 : (int)((due - time) * 1e3) + 1;
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: delay-proxy LISTEN CONNECT MILLISECONDS\n");
        return 2;
    }
    delay = atof(arguments[3]) / 1e3;
    poll_descriptor = epoll_create1(EPOLL_CLOEXEC);
    struct sockaddr_un address = address_of(arguments[1]);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0) fail(arguments[1]);
    if (listen(listener, BACKLOG_CONNECTIONS) != 0) fail("listen");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(poll_descriptor, EPOLL_CTL_ADD, listener, &event) != 0) fail("epoll_ctl");

    while (1) {
        struct epoll_event events[EVENTS_MAX];
        int ready = epoll_wait(poll_descriptor, events, EVENTS_MAX, patience(now()));
        if (ready < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct end *end = events[i].data.ptr;
            if (!end) {
                int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
                if (client >= 0) join(client, arguments[2]);
            } else if (!end->pair->is_dead) {
                // Room, or an end to find that there is none to write to any more: used below.
                if (events[i].events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) end->in->is_full = 0;
                if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) && end->interest & EPOLLIN) take_in(end);
            }
        }
        double time = now();
        for (struct direction *direction = all, *next; direction; direction = next) {
            next = direction->next;
            // Its end takes both directions of a pair away, so the walk begins anew.
            if (direction->first && direction->first->due <= time && !direction->is_full) {
                struct pair *pair = direction->to->pair;
                let_out(direction, time);
                if (pair->is_dead) next = all;
            }
        }
        free_the_dead();
    }
}
