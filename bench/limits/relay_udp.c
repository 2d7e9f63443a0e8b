/* A relay over UDP: one call to receive, one to send, and relay.c between.
 *
 *     relay_udp PREFIXES LISTEN_PORT TARGET_PORT [CORE]
 *
 * Everything on loopback and through one socket. What the target sends goes to whoever sent last, as it is. */
#include "relay.h"

#define QUEUE_BYTES (4 << 20)

static uint8_t buffer[LONGEST_MESSAGE];
static struct text onward, back;

static void send_to(int fd, const struct text *text, const struct sockaddr_in *address)
{
    /* What cannot be sent is lost, as datagrams are. */
    if (text->size)
        (void)!sendto(fd, text->data, text->size, 0, (const struct sockaddr *)address, sizeof *address);
}

int main(int count, char **words)
{
    struct relay relay = start_relay(count, words, "UDP");
    struct sockaddr_in target = loopback(relay.arguments.target_port), client = target, source;
    int fd = bound(SOCK_DGRAM, relay.arguments.listen_port), queue = QUEUE_BYTES;
    must(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &queue, sizeof queue), "SO_RCVBUF");
    relay.arguments.listen_port = say_ready(fd);
    for (;;) {
        socklen_t length = sizeof source;
        ssize_t size = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&source, &length);
        if (size < 0)
            continue; /* an ICMP error of an earlier datagram, or a signal */
        if (source.sin_port == target.sin_port) {
            (void)!sendto(fd, buffer, (size_t)size, 0, (struct sockaddr *)&client, sizeof client);
            continue;
        }
        client = source;
        onward.size = back.size = 0;
        relay_message(&relay, buffer, (size_t)size, &onward, &back);
        send_to(fd, &onward, &target);
        send_to(fd, &back, &client);
    }
}
