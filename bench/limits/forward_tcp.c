/* Moves bytes between two connections, 64 KiB at a time: the least that a relay over TCP can cost.
 *
 *     forward_tcp LISTEN_PORT TARGET_PORT [CORE]
 *
 * Everything on loopback. Each connection that comes in gets one to the target. A pipe reads only when what it read
 * before is written, so a slow reader slows the writer down and nothing grows. The end of one direction is passed on;
 * when both have ended, or anything fails, both connections are closed. */
#include "forward.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#define CHUNK_BYTES 65536
#define EVENTS 64

struct pipe {
    size_t begin, end; /* what is read and not yet written: chunk[begin..end) */
    int ended;
    uint8_t chunk[CHUNK_BYTES];
};

struct pair;

struct side {
    int fd;
    uint32_t interest; /* what epoll watches; 0: it is not there at all, or a hang-up would wake us for ever */
    struct pair *pair;
};

/* pipe[i] leads from side[i] to the other one. */
struct pair {
    struct side side[2];
    struct pipe pipe[2];
    int failed;
    struct pair *next_closed;
};

static int poll_fd;
static struct pair *closed; /* freed after the batch of events, which may name them again */

static void watch(struct side *side, uint32_t interest)
{
    struct epoll_event event = {.events = interest, .data.ptr = side};
    if (interest == side->interest)
        return;
    int change = interest == 0 ? EPOLL_CTL_DEL : side->interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    must(epoll_ctl(poll_fd, change, side->fd, &event), "epoll_ctl");
    side->interest = interest;
}

static int would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

/* Write what the pipe holds, as far as it goes. */
static void drain(struct pair *pair, int way)
{
    struct pipe *pipe = &pair->pipe[way];
    ssize_t size = write(pair->side[!way].fd, pipe->chunk + pipe->begin, pipe->end - pipe->begin);
    if (size >= 0)
        pipe->begin += (size_t)size;
    else if (!would_block())
        pair->failed = 1;
}

/* Read once into the empty pipe, and write that. */
static void fill(struct pair *pair, int way)
{
    struct pipe *pipe = &pair->pipe[way];
    ssize_t size = read(pair->side[way].fd, pipe->chunk, CHUNK_BYTES);
    if (size > 0) {
        pipe->begin = 0;
        pipe->end = (size_t)size;
        drain(pair, way);
    } else if (size == 0) {
        pipe->ended = 1;
        shutdown(pair->side[!way].fd, SHUT_WR);
    } else if (!would_block()) {
        pair->failed = 1;
    }
}

/* A side is read while its pipe is empty and has not ended, written while the other pipe holds something. */
static uint32_t interest_of(const struct pair *pair, int side)
{
    const struct pipe *out = &pair->pipe[side], *in = &pair->pipe[!side];
    return (out->begin == out->end && !out->ended ? EPOLLIN : 0u) | (in->begin < in->end ? EPOLLOUT : 0u);
}

static void close_pair(struct pair *pair)
{
    close(pair->side[0].fd);
    close(pair->side[1].fd);
    pair->failed = 1;
    pair->next_closed = closed;
    closed = pair;
}

static void serve(struct side *side, uint32_t events)
{
    struct pair *pair = side->pair;
    int place = side == &pair->side[1];
    if (pair->failed)
        return; /* closed earlier in this batch */
    if (events & EPOLLOUT)
        drain(pair, !place);
    if ((events & ~(uint32_t)EPOLLOUT) && (interest_of(pair, place) & EPOLLIN))
        fill(pair, place);
    if (pair->failed || (pair->pipe[0].ended && pair->pipe[1].ended)) {
        close_pair(pair);
        return;
    }
    watch(&pair->side[0], interest_of(pair, 0));
    watch(&pair->side[1], interest_of(pair, 1));
}

/* A connection to the target; -1 when there is none to be had. On loopback connecting does not wait. */
static int connect_to(int port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Take one side of a pair: no waiting for more to send, no waiting at all. */
static void add_side(struct pair *pair, int place, int fd)
{
    int yes = 1;
    pair->side[place] = (struct side){.fd = fd, .pair = pair};
    must(fcntl(fd, F_SETFL, O_NONBLOCK), "O_NONBLOCK");
    must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes), "TCP_NODELAY");
}

static void accept_pair(int listener, int target_port)
{
    int client = accept(listener, NULL, NULL), target = -1;
    struct pair *pair = NULL;
    if (client < 0)
        return;
    if ((target = connect_to(target_port)) < 0 || !(pair = calloc(1, sizeof *pair))) {
        close(client);
        if (target >= 0)
            close(target);
        return;
    }
    add_side(pair, 0, client);
    add_side(pair, 1, target);
    watch(&pair->side[0], EPOLLIN);
    watch(&pair->side[1], EPOLLIN);
}

static void free_closed(void)
{
    while (closed) {
        struct pair *next = closed->next_closed;
        free(closed);
        closed = next;
    }
}

int main(int count, char **words)
{
    struct arguments arguments = start(count, words);
    struct side listener = {.fd = bound(SOCK_STREAM | SOCK_NONBLOCK, arguments.listen_port)};
    struct epoll_event events[EVENTS];
    must(listen(listener.fd, SOMAXCONN), "listen");
    poll_fd = must(epoll_create1(0), "epoll_create1");
    watch(&listener, EPOLLIN);
    say_ready(listener.fd);
    for (;;) {
        int ready = epoll_wait(poll_fd, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct side *side = events[i].data.ptr;
            if (side == &listener)
                accept_pair(listener.fd, arguments.target_port);
            else
                serve(side, events[i].events);
        }
        free_closed();
    }
}
