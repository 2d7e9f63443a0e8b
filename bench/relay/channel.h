/* The bytes of a connection: as they are (channel_plain.c), or under TLS (channel_tls.c). */
#ifndef SIPCORE_BENCH_CHANNEL_H
#define SIPCORE_BENCH_CHANNEL_H

#include <stddef.h>
#include <sys/types.h>

/* What a connection needs beside its descriptor; without TLS that is nothing, and NULL. */
struct channel;

/* Once, before any connection. `folder` holds the certificates, see certificates.py; it is empty without TLS.
 * What is wrong, or NULL. */
const char *open_channels(const char *folder);

/* For a connection that stands: one that we opened, or one that was opened to us. What is wrong, or NULL. */
const char *channel_to(int fd, struct channel **channel);
const char *channel_from(int fd, struct channel **channel);
void close_channel(struct channel *channel);

/* As read and write do it on a descriptor that does not wait. */
ssize_t channel_read(int fd, struct channel *channel, void *data, size_t size);
ssize_t channel_write(int fd, struct channel *channel, const void *data, size_t size);

#endif
