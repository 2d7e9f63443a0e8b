/* The bytes of a connection under TLS, with a certificate at both ends.
 *
 * Who is at the other end is not asked: it is the relay under test that has to look at certificates. */
#include "channel.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>

enum { READ_AHEAD = 65536 }; /* many records by one call; without it each one costs two */

static SSL_CTX *as_client, *as_server;

static const char *what_is_wrong(const char *during)
{
    static char text[256];
    char reason[160];
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    snprintf(text, sizeof text, "TLS, %s: %s", during, reason);
    return text;
}

/* NULL when the certificate cannot be used. */
static SSL_CTX *context(const SSL_METHOD *method, const char *folder, const char *name)
{
    char path[4096];
    SSL_CTX *made = SSL_CTX_new(method);
    snprintf(path, sizeof path, "%s/%s.pem", folder, name);
    if (made == NULL || SSL_CTX_use_certificate_chain_file(made, path) != 1 ||
        SSL_CTX_use_PrivateKey_file(made, path, SSL_FILETYPE_PEM) != 1)
        return NULL;
    SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(made, 1);
    SSL_CTX_set_default_read_buffer_len(made, READ_AHEAD);
    return made;
}

static int take_any(int preverified, X509_STORE_CTX *store)
{
    (void)preverified;
    (void)store;
    return 1;
}

const char *open_channels(const char *folder)
{
    as_client = context(TLS_client_method(), folder, "partner");
    as_server = context(TLS_server_method(), folder, "inside");
    if (as_client == NULL || as_server == NULL)
        return what_is_wrong("certificates");
    SSL_CTX_set_verify(as_server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, take_any);
    return NULL;
}

/* Hands are shaken by the first reading and writing: whoever waited for that would wait for himself without a relay. */
static const char *begin(int fd, SSL_CTX *context, void (*take_part)(SSL *), struct channel **channel)
{
    SSL *ssl = SSL_new(context);
    *channel = (struct channel *)ssl;
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
        return what_is_wrong("a new connection");
    take_part(ssl);
    return NULL;
}

const char *channel_to(int fd, struct channel **channel)
{
    return begin(fd, as_client, SSL_set_connect_state, channel);
}

const char *channel_from(int fd, struct channel **channel)
{
    return begin(fd, as_server, SSL_set_accept_state, channel);
}

void close_channel(struct channel *channel)
{
    SSL_free((SSL *)channel);
}

static ssize_t outcome(SSL *ssl, int result)
{
    switch (result > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, result)) {
    case SSL_ERROR_NONE:
        return result;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    default:
        ERR_print_errors_fp(stderr); /* shown when the generator gives up for it */
        errno = ECONNRESET;
        return -1;
    }
}

ssize_t channel_read(int fd, struct channel *channel, void *data, size_t size)
{
    (void)fd;
    return outcome((SSL *)channel, SSL_read((SSL *)channel, data, (int)size));
}

ssize_t channel_write(int fd, struct channel *channel, const void *data, size_t size)
{
    (void)fd;
    return outcome((SSL *)channel, SSL_write((SSL *)channel, data, (int)size));
}
