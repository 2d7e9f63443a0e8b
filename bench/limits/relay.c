/* A relay's work on one message. It believes what it reads, as sip_fields.c does: no validation, no folded lines, no
 * compact names. It decides nothing, follows no route and leaves Max-Forwards alone. */
#include "relay.h"

#include <string.h>
#include <strings.h>

#include "sip_fields.h"

static void append(struct text *text, const void *data, size_t size)
{
    memcpy(text->data + text->size, data, size);
    text->size += size;
}

static void append_string(struct text *text, const char *string)
{
    append(text, string, strlen(string));
}

/* The same for the same request sent again (RFC 3261 section 16.11): made of the branch that it came with. FNV-1a. */
static uint64_t hash_of(struct piece piece)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < piece.size; i++)
        hash = (hash ^ piece.at[i]) * 0x100000001b3u;
    return hash;
}

static void append_via(struct text *text, const struct relay *relay, struct piece branch)
{
    static const char digits[] = "0123456789abcdef";
    char line[GROWTH], hex[16];
    uint64_t hash = hash_of(branch);
    for (int i = 15; i >= 0; i--, hash >>= 4)
        hex[i] = digits[hash & 15];
    int size = snprintf(line, sizeof line, "Via: SIP/2.0/%s 127.0.0.1:%d;branch=z9hG4bK", relay->transport,
                        relay->arguments.listen_port);
    append(text, line, (size_t)size);
    append(text, hex, sizeof hex);
    append(text, "\r\n", 2);
}

/* Whether a line is a header that an answer takes from its request (RFC 3261 section 8.2.6.2). */
static int is_copied(const uint8_t *line)
{
    static const char *const names[] = {"Via:", "From:", "To:", "Call-ID:", "CSeq:"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncasecmp((const char *)line, names[i], strlen(names[i])) == 0)
            return 1;
    return 0;
}

static void append_refusal(struct text *text, const uint8_t *head, const uint8_t *body, const struct sip_fields *fields)
{
    append_string(text, "SIP/2.0 606 Not Acceptable\r\n");
    for (const uint8_t *line = head, *next; line < body - 2; line = next) {
        next = (const uint8_t *)memchr(line, '\n', (size_t)(body - line)) + 1;
        if (!is_copied(line))
            continue;
        append(text, line, (size_t)(next - line));
        if ((*line | 0x20) == 't' && fields->to_tag.at == NULL) {
            text->size -= 2;
            append_string(text, ";tag=limit\r\n");
        }
    }
    append_string(text, "Content-Length: 0\r\n\r\n");
}

static int is_refused(const struct relay *relay, const struct sip_fields *fields, const uint8_t *body, size_t size)
{
    return fields->method.size == 7 && memcmp(fields->method.at, "MESSAGE", 7) == 0 && size > 0 &&
           find_vector(body, size, relay->prefixes);
}

size_t relay_message(const struct relay *relay, const uint8_t *data, size_t size, struct text *onward,
                     struct text *back)
{
    struct sip_fields fields;
    if (read_fields(data, size, &fields) < 0 || fields.request_uri.size == 0)
        return 0;
    size_t body_size = fields.content_length > 0 ? (size_t)fields.content_length : 0;
    if (body_size > fields.body_size)
        return 0;
    const uint8_t *body = data + size - fields.body_size;
    const uint8_t *head = (const uint8_t *)memchr(data, '\n', (size_t)(body - data)) + 1;
    if (is_refused(relay, &fields, body, body_size)) {
        append_refusal(back, head, body, &fields);
    } else {
        append(onward, data, (size_t)(head - data));
        append_via(onward, relay, fields.branch);
        append(onward, head, (size_t)(body + body_size - head));
    }
    return (size_t)(body - data) + body_size;
}

static struct prefixes *load_prefixes(const char *path)
{
    static uint8_t table[1 << 16];
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(table, 1, sizeof table, file) : 0;
    if (file)
        fclose(file);
    if (size != prefixes_size()) {
        fprintf(stderr, "PREFIXES must be a file of %zu bytes\n", prefixes_size());
        exit(2);
    }
    return (struct prefixes *)table;
}

struct relay start_relay(int count, char **words, const char *transport)
{
    if (count < 3) {
        fprintf(stderr, "usage: %s PREFIXES LISTEN_PORT TARGET_PORT [CORE]\n", words[0]);
        exit(2);
    }
    struct prefixes *prefixes = load_prefixes(words[1]);
    return (struct relay){start(count - 1, words + 1), transport, prefixes};
}
