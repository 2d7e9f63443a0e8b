/* Kamailio's parser, run inside Kamailio's own executable.
 *
 * Debian ships neither the parser as a library nor its headers, but the executable exports its functions for its
 * modules. This file is preloaded into it and takes the place of its main function: the parser runs as it was built,
 * with its own memory manager, and nothing else of Kamailio runs. The program is then a small server on its standard
 * streams (`serve`, at the end).
 *
 * The layouts below are those of Kamailio 5.6 on 64-bit machines, as far as they are needed. Nobody vouches for them in
 * another version: whoever starts the program checks the answer for a known message first.
 *
 * What a worker of Kamailio does for each message is done here too: a cleared message structure, parse_msg (start line
 * and first Via), parse_headers; then the accessors that its modules use. Clearing is honest work, allocating the
 * structure is left out. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include "peer.h"

struct span {
    char *at;
    int size;
};

struct header {
    int kind;
    struct span name, body;
    int size;
    void *parsed;
    struct header *next;
};

struct start_line {
    short kind, flags; /* kind 1: request, 2: reply */
    int size;
    struct span first, second, third; /* method, URI, version; or version, status, reason */
    int code;                         /* method number; or status */
};

struct parameter {
    int kind, flags;
    struct span name, value;
};

struct via {
    char not_needed[176];
    struct parameter *branch;
};

struct address {
    int error;
    struct span body, uri, display, tag;
};

struct sequence {
    int error;
    struct span number, method;
};

struct message {
    char not_needed[32];
    struct start_line start_line;
    struct via *via, *second_via;
    struct header *headers, *last_header;
    unsigned long parsed_kinds;
    struct header *first_via_header, *second_via_header, *call_id, *to, *cseq, *from;
    struct header *not_needed_either[4], *content_type, *content_length;
    char not_needed_at_all[488];
    char *bytes;
    unsigned size, room;
    char the_rest[1272];
};

_Static_assert(offsetof(struct message, via) == 96, "Kamailio 5.6 keeps the first Via here");
_Static_assert(offsetof(struct message, content_length) == 224, "Kamailio 5.6 keeps the Content-Length here");
_Static_assert(offsetof(struct message, bytes) == 0x2d0, "Kamailio 5.6 keeps the buffer here");
_Static_assert(sizeof(struct message) == 2008, "a message structure of Kamailio 5.6 has this size");

enum { REQUEST = 1 };
static const unsigned long ALL_HEADERS = ~0UL;
static const unsigned long DEBIAN_PACKAGE_MEMORY = 8UL << 20; /* "DEFAULT PKG_SIZE 8MB" of kamailio -v */

/* What the executable exports. */
extern int parse_msg(char *bytes, unsigned size, struct message *message);
extern int parse_headers(struct message *message, unsigned long kinds, int next);
extern int parse_from_header(struct message *message);
extern char *get_body(struct message *message);
extern void free_sip_msg(struct message *message);
extern int pkg_init_manager(const char *name);
extern int ksr_hname_init_index(void);
extern unsigned long pkg_mem_size;
extern int log_stderr;

static void *peer_parse(const char *bytes, size_t size) {
    static struct message message;
    memset(&message, 0, sizeof message);
    message.bytes = (char *)bytes;
    message.size = (unsigned)size;
    if (parse_msg((char *)bytes, (unsigned)size, &message) != 0 || parse_headers(&message, ALL_HEADERS, 0) != 0) {
        free_sip_msg(&message);
        return NULL;
    }
    return &message;
}

static void peer_free(void *message) { free_sip_msg(message); }

static struct text text_of(struct span span) { return (struct text){span.size == 0 ? NULL : span.at, span.size}; }

/* The type and subtype: the parser leaves the value whole, its parameters begin at the first semicolon. */
static struct text media_type_of(const struct header *header) {
    struct text whole = text_of(header->body);
    const char *end = whole.at == NULL ? NULL : memchr(whole.at, ';', (size_t)whole.size);
    if (end != NULL) {
        whole.size = end - whole.at;
    }
    return whole;
}

static void read_start_line(const struct start_line *line, struct values *out) {
    if (line->kind == REQUEST) {
        out->method = text_of(line->first);
        out->uri = &line->second;
    } else {
        out->status = line->code;
    }
}

static int peer_read(void *parsed, struct values *out) {
    struct message *message = parsed;
    if (message->to == NULL || message->call_id == NULL || message->cseq == NULL || message->from == NULL ||
        message->via == NULL || parse_from_header(message) != 0) {
        return 0;
    }
    const struct address *from = message->from->parsed, *to = message->to->parsed;
    const struct sequence *cseq = message->cseq->parsed;
    const char *body = get_body(message);
    read_start_line(&message->start_line, out);
    out->from_uri = &from->uri;
    out->from_tag = text_of(from->tag);
    out->to_uri = &to->uri;
    out->to_tag = text_of(to->tag);
    out->call_id = text_of(message->call_id->body);
    out->cseq = strtol(cseq->number.at, NULL, 10); /* a space follows the digits */
    out->cseq_method = text_of(cseq->method);
    out->branch = message->via->branch == NULL ? c_string(NULL) : text_of(message->via->branch->value);
    out->type = message->content_type == NULL ? c_string(NULL) : media_type_of(message->content_type);
    out->content_length = message->content_length == NULL ? ABSENT : (long)message->content_length->parsed;
    out->body_size = body == NULL ? 0 : message->bytes + message->size - body;
    return 1;
}

static int peer_write_uri(const void *uri, char *out, size_t room) {
    const struct span *span = uri;
    memcpy(out, span->at, (size_t)span->size < room ? (size_t)span->size : room);
    return span->size;
}

/* ---- The server: one request after another on standard input, the answers on standard output. ---- */

struct request {
    char what; /* 'a': answer for one message; 'l': load messages into a slot; 'i', 'r': one pass, index or read; 'd': drop */
    uint32_t argument; /* the size of the message; how many messages; the slot */
} __attribute__((packed));

/* Several sets of messages at once: one process, warmed up once, runs all loops. */
static struct slot {
    char **items;
    size_t *sizes, count;
} slots[64];

/* The end of input is the end of the program: whoever started it has gone. */
static void take(void *into, size_t size) {
    if (fread(into, 1, size, stdin) != size) {
        exit(0);
    }
}

static void *room_for(size_t size) {
    void *room = malloc(size);
    if (room == NULL) {
        exit(3);
    }
    return room;
}

/* One byte more, for the NUL that Kamailio puts behind what it receives. */
static char *take_message(size_t size) {
    char *bytes = room_for(size + 1);
    take(bytes, size);
    bytes[size] = '\0';
    return bytes;
}

static void reply(int64_t result, const char *more) {
    fwrite(&result, sizeof result, 1, stdout);
    if (result > 0 && more != NULL) {
        fwrite(more, 1, (size_t)result, stdout);
    }
    fflush(stdout);
}

static void answer(size_t size) {
    static char page[1 << 16];
    char *bytes = take_message(size);
    reply(peer_answer(bytes, size, page, sizeof page), page);
    free(bytes);
}

static size_t free_slot(void) {
    for (size_t number = 0; number < sizeof slots / sizeof *slots; number++) {
        if (slots[number].items == NULL) {
            return number;
        }
    }
    exit(4);
}

static void load(size_t count) {
    size_t number = free_slot();
    struct slot *slot = &slots[number];
    slot->items = room_for((count + 1) * sizeof *slot->items);
    slot->sizes = room_for((count + 1) * sizeof *slot->sizes);
    for (slot->count = 0; slot->count < count; slot->count++) {
        uint32_t size;
        take(&size, sizeof size);
        slot->items[slot->count] = take_message(size);
        slot->sizes[slot->count] = size;
    }
    reply((int64_t)number, NULL);
}

static void drop(struct slot *slot) {
    for (size_t i = 0; i < slot->count; i++) {
        free(slot->items[i]);
    }
    free(slot->items);
    free(slot->sizes);
    *slot = (struct slot){0};
    reply(0, NULL);
}

static void pass(int question, const struct slot *slot) {
    reply(peer_pass(question, (const char *const *)slot->items, slot->sizes, slot->count), NULL);
}

static void obey(struct request request) {
    struct slot *slot = &slots[request.argument % (sizeof slots / sizeof *slots)];
    switch (request.what) {
    case 'a': answer(request.argument); break;
    case 'l': load(request.argument); break;
    case 'i': pass(INDEX, slot); break;
    case 'r': pass(READ, slot); break;
    case 'd': drop(slot); break;
    default: exit(5);
    }
}

static int serve(int argc, char **argv, char **environment) {
    (void)argc, (void)argv, (void)environment;
    struct request request;
    log_stderr = 1;
    pkg_mem_size = DEBIAN_PACKAGE_MEMORY;
    if (pkg_init_manager("fm") != 0 || ksr_hname_init_index() != 0) {
        return 2;
    }
    for (;;) {
        take(&request, sizeof request);
        obey(request);
    }
}

typedef int (*main_function)(int, char **, char **);
typedef int (*starter)(main_function, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

/* What the C library's start-up code calls with the executable's main function: it gets `serve` instead. */
int __libc_start_main(main_function theirs, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end) {
    starter start = (starter)dlsym(RTLD_NEXT, "__libc_start_main");
    (void)theirs;
    return start(serve, argc, argv, init, fini, rtld_fini, stack_end);
}
