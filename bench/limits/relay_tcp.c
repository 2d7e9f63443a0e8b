/* A relay over TCP: every whole message of one reading is relayed by relay.c, and all of them leave in one writing.
 *
 *     relay_tcp PREFIXES LISTEN_PORT TARGET_PORT [CORE]
 *
 * Everything on loopback. All clients share one connection to the target, which is opened when there is something to
 * send. Writing waits until the reader takes it: that slows down everybody, and nothing grows. What the target sends
 * is dropped: the benchmark's sink says nothing. */
#include "relay.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>

#define EVENTS 64

struct client {
    int fd;
    size_t size; /* what has come and is not yet relayed */
    uint8_t data[2 * LONGEST_MESSAGE];
};

static struct relay relay;
static struct text onward, back;
static struct client listener, target = {.fd = -1};
static int poll_fd;

static void watch(struct client *client)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    must(epoll_ctl(poll_fd, EPOLL_CTL_ADD, client->fd, &event), "epoll_ctl");
}

static void be_prompt(int fd)
{
    int yes = 1;
    must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes), "TCP_NODELAY");
}

static void close_target(void)
{
    close(target.fd);
    target.fd = -1;
}

/* Whether there is a connection to the target. */
static int open_target(void)
{
    struct sockaddr_in address = loopback(relay.arguments.target_port);
    if (target.fd >= 0)
        return 1;
    target.fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
    if (connect(target.fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close_target();
        return 0;
    }
    be_prompt(target.fd);
    watch(&target);
    return 1;
}

/* Whether everything was taken. The text is empty afterwards. */
static int flush(struct text *text, int fd)
{
    size_t done = 0;
    while (done < text->size) {
        ssize_t size = write(fd, text->data + done, text->size - done);
        if (size < 0)
            break;
        done += (size_t)size;
    }
    int whole = done == text->size;
    text->size = 0;
    return whole;
}

static void flush_onward(void)
{
    if (onward.size && open_target() && !flush(&onward, target.fd))
        close_target();
    onward.size = 0; /* without a target it is lost */
}

static void close_client(struct client *client)
{
    close(client->fd);
    free(client);
}

/* Relay the whole messages that a client has sent; what is left of the last one stays. */
static void relay_all(struct client *client)
{
    size_t at = 0, length;
    do {
        size_t left = client->size - at;
        if (onward.size + left + GROWTH > sizeof onward.data)
            flush_onward();
        if (back.size + left + GROWTH > sizeof back.data)
            flush(&back, client->fd);
        length = left ? relay_message(&relay, client->data + at, left, &onward, &back) : 0;
        at += length;
    } while (length);
    client->size -= at;
    memmove(client->data, client->data + at, client->size);
}

static void serve(struct client *client)
{
    /* Without waiting: the target may have been closed and opened again since it was said to be readable. */
    ssize_t size = recv(client->fd, client->data + client->size, sizeof client->data - client->size, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN)
        return;
    if (client == &target) {
        if (size <= 0)
            close_target();
        return;
    }
    if (size <= 0) {
        close_client(client);
        return;
    }
    client->size += (size_t)size;
    relay_all(client);
    flush_onward();
    if (!flush(&back, client->fd) || client->size == sizeof client->data)
        close_client(client); /* it has gone, or what it sends is no message */
}

static void accept_client(void)
{
    int fd = accept(listener.fd, NULL, NULL);
    struct client *client = fd < 0 ? NULL : malloc(sizeof *client);
    if (client == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    client->fd = fd;
    client->size = 0;
    be_prompt(fd);
    watch(client);
}

int main(int count, char **words)
{
    struct epoll_event events[EVENTS];
    relay = start_relay(count, words, "TCP");
    listener.fd = bound(SOCK_STREAM, relay.arguments.listen_port);
    must(listen(listener.fd, SOMAXCONN), "listen");
    poll_fd = must(epoll_create1(0), "epoll_create1");
    watch(&listener);
    relay.arguments.listen_port = say_ready(listener.fd);
    for (;;) {
        int ready = epoll_wait(poll_fd, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;
            if (client == &listener)
                accept_client();
            else
                serve(client);
        }
    }
}
