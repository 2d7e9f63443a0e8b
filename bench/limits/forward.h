/* What forwarders and relays share: arguments, loopback sockets, the processor, the ready line and the end. */
#ifndef SIPCORE_BENCH_FORWARD_H
#define SIPCORE_BENCH_FORWARD_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct arguments {
    int listen_port, target_port;
};

/* -1 calls that nothing here can go on without. */
static inline int must(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
    return result;
}

static inline int number_or_exit(const char *text, const char *what, long least, long most)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || number < least || number > most) {
        fprintf(stderr, "%s must be a number from %ld to %ld, not \"%s\"\n", what, least, most, text);
        exit(2);
    }
    return (int)number;
}

static inline void stop(int signal)
{
    (void)signal;
    _exit(0);
}

/* LISTEN_PORT TARGET_PORT [CORE]; goes to that core and ends in peace on SIGTERM. */
static inline struct arguments start(int count, char **words)
{
    if (count != 3 && count != 4) {
        fprintf(stderr, "usage: %s LISTEN_PORT TARGET_PORT [CORE]\n", words[0]);
        exit(2);
    }
    if (count == 4) {
        cpu_set_t cores;
        CPU_ZERO(&cores);
        CPU_SET((size_t)number_or_exit(words[3], "CORE", 0, CPU_SETSIZE - 1), &cores);
        must(sched_setaffinity(0, sizeof cores, &cores), "CORE");
    }
    signal(SIGTERM, stop);
    signal(SIGPIPE, SIG_IGN);
    return (struct arguments){number_or_exit(words[1], "LISTEN_PORT", 0, 65535),
                              number_or_exit(words[2], "TARGET_PORT", 1, 65535)};
}

static inline struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A socket bound to the port, which is any free one for 0. */
static inline int bound(int type, int port)
{
    struct sockaddr_in address = loopback(port);
    int fd = must(socket(AF_INET, type, 0), "socket"), yes = 1;
    if ((type & SOCK_STREAM) == SOCK_STREAM)
        must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), "SO_REUSEADDR");
    must(bind(fd, (struct sockaddr *)&address, sizeof address), "LISTEN_PORT");
    return fd;
}

/* Say on standard output that the socket can be used, and its port. Returns the port. */
static inline int say_ready(int fd)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    must(getsockname(fd, (struct sockaddr *)&address, &size), "getsockname");
    printf("ready %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return ntohs(address.sin_port);
}

#endif
