/* Several datagrams at a time: recvmmsg and sendmmsg of Linux, and the same one by one, which every system has. */
#ifndef SIPCORE_BATCHES_H
#define SIPCORE_BATCHES_H

#include <Python.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifdef __linux__
enum { SIP_HAS_BATCHES = 1 };
typedef struct mmsghdr sip_datagram;
#else
enum { SIP_HAS_BATCHES = 0 };
typedef struct {
    struct msghdr msg_hdr;
    unsigned int msg_len;
} sip_datagram;
#endif

/* Either answers as the kernel's do: how many were moved; -1 when it was none, and errno says why. */
static int sip_receive_singly(int descriptor, sip_datagram *datagrams, unsigned int most) {
    unsigned int count = 0;
    for (; count < most; count++) {
        ssize_t size = recvmsg(descriptor, &datagrams[count].msg_hdr, MSG_DONTWAIT);
        if (size < 0) break;
        datagrams[count].msg_len = (unsigned int)size;
    }
    return count > 0 ? (int)count : -1;
}

static int sip_send_singly(int descriptor, sip_datagram *datagrams, unsigned int most) {
    unsigned int count = 0;
    while (count < most && sendmsg(descriptor, &datagrams[count].msg_hdr, MSG_DONTWAIT) >= 0) count++;
    return count > 0 ? (int)count : -1;
}

static int sip_receive_batch(int descriptor, sip_datagram *datagrams, unsigned int most) {
#ifdef __linux__
    return recvmmsg(descriptor, datagrams, most, MSG_DONTWAIT, NULL);
#else
    return sip_receive_singly(descriptor, datagrams, most);
#endif
}

static int sip_send_batch(int descriptor, sip_datagram *datagrams, unsigned int most) {
#ifdef __linux__
    return sendmmsg(descriptor, datagrams, most, MSG_DONTWAIT);
#else
    return sip_send_singly(descriptor, datagrams, most);
#endif
}

/* -- where datagrams come from and go to */

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} sip_place;

enum { SIP_LONGEST_HOST = INET6_ADDRSTRLEN, SIP_PLACE_KEY = 2 + 16 };

/* What tells one place from another, in at most SIP_PLACE_KEY bytes: port and address, without flow and scope. */
static size_t sip_place_key(const sip_place *place, uint8_t *key) {
    if (place->any.sa_family == AF_INET6) {
        memcpy(key, &place->v6.sin6_port, 2);
        memcpy(key + 2, &place->v6.sin6_addr, 16);
        return 18;
    }
    memcpy(key, &place->v4.sin_port, 2);
    memcpy(key + 2, &place->v4.sin_addr, 4);
    return 6;
}

static int sip_place_port(const sip_place *place) {
    return ntohs(place->any.sa_family == AF_INET6 ? place->v6.sin6_port : place->v4.sin_port);
}

static const char *sip_place_host(const sip_place *place, char *host) {
    const void *address = &place->v4.sin_addr;
    if (place->any.sa_family == AF_INET6) address = &place->v6.sin6_addr;
    return inet_ntop(place->any.sa_family, address, host, SIP_LONGEST_HOST);
}

/* The place that an address of that family stands for; its size, 0 when it is none. */
static socklen_t sip_read_place(int family, const char *host, int port, sip_place *place) {
    memset(place, 0, sizeof *place);
    place->any.sa_family = (sa_family_t)family;
    if (family == AF_INET6) {
        place->v6.sin6_port = htons((uint16_t)port);
        return inet_pton(family, host, &place->v6.sin6_addr) == 1 ? sizeof place->v6 : 0;
    }
    place->v4.sin_port = htons((uint16_t)port);
    return inet_pton(family, host, &place->v4.sin_addr) == 1 ? sizeof place->v4 : 0;
}

#endif
