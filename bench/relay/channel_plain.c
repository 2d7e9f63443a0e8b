/* The bytes of a connection as they are. */
#include "channel.h"

#include <unistd.h>

const char *open_channels(const char *folder)
{
    return *folder ? "this generator is built without TLS" : NULL;
}

const char *channel_to(int fd, struct channel **channel)
{
    (void)fd;
    *channel = NULL;
    return NULL;
}

const char *channel_from(int fd, struct channel **channel)
{
    return channel_to(fd, channel);
}

void close_channel(struct channel *channel)
{
    (void)channel;
}

ssize_t channel_read(int fd, struct channel *channel, void *data, size_t size)
{
    (void)channel;
    return read(fd, data, size);
}

ssize_t channel_write(int fd, struct channel *channel, const void *data, size_t size)
{
    (void)channel;
    return write(fd, data, size);
}
