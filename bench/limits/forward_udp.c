/* Sends on every datagram as it is: the least that a relay over UDP can cost.
 *
 *     forward_udp LISTEN_PORT TARGET_PORT [CORE]
 *
 * Everything on loopback and through one socket. What comes from the target goes to whoever sent last, everything
 * else goes to the target. One call to receive and one to send each datagram, as on loopback taking many at once gains
 * nothing. */
#include "forward.h"

#define DATAGRAM_BYTES 65536
#define QUEUE_BYTES (4 << 20)

static uint8_t buffer[DATAGRAM_BYTES];

int main(int count, char **words)
{
    struct arguments arguments = start(count, words);
    struct sockaddr_in target = loopback(arguments.target_port), client = target, source;
    int fd = bound(SOCK_DGRAM, arguments.listen_port), queue = QUEUE_BYTES;
    /* The kernel cuts the wish to net.core.rmem_max; a short queue shows as loss, which the load generator counts. */
    must(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &queue, sizeof queue), "SO_RCVBUF");
    say_ready(fd);
    for (;;) {
        socklen_t length = sizeof source;
        ssize_t size = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&source, &length);
        if (size < 0)
            continue; /* an ICMP error of an earlier datagram, or a signal */
        int from_target = source.sin_port == target.sin_port;
        if (!from_target)
            client = source;
        /* What cannot be sent is lost, as datagrams are. */
        (void)!sendto(fd, buffer, (size_t)size, 0, (struct sockaddr *)(from_target ? &client : &target), sizeof target);
    }
}
