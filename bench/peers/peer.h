/* What the C peers share: the values that are read, how they are written out for the check, and the loop that is timed.
 *
 * A peer's own file includes this one and defines the four functions that are declared below without a body. The timed
 * loop parses, reads where the question is to read, and frees, and does nothing else. The check runs the same three
 * steps and writes down what was read. A URI that a library keeps in parts counts as read when its parts are there; only the check
 * makes one text of it, so no peer pays for a text that its users would not ask for. */
#ifndef SIPCORE_BENCH_PEER_H
#define SIPCORE_BENCH_PEER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ENDS_AT_NUL = -1 };               /* the size of a text that its library gives as a C string */
enum { ABSENT = -1, UNREADABLE = -2 };   /* instead of a number */
enum { INDEX = 0, READ = 1 };            /* the two questions */
enum { REJECTED = -1, NO_ROOM = -2 };    /* instead of a size or of nanoseconds */

struct text {
    const char *at; /* NULL: absent */
    long size;
};

/* In the order of sipcore_bench.fields; a number is ABSENT where the message has none. */
struct values {
    struct text method;
    long status;
    const void *uri, *from_uri, *to_uri; /* as the library keeps them; NULL: absent */
    struct text from_tag, to_tag;
    struct text call_id, call_id_host; /* the second only where the library takes a Call-ID apart at its '@' */
    long cseq;
    struct text cseq_method, branch;
    struct text type, subtype; /* the second only where the library takes a media type apart at its '/' */
    long content_length, body_size;
};

static void *peer_parse(const char *bytes, size_t size);               /* NULL: rejected */
static int peer_read(void *message, struct values *out);               /* 0: what must be there is not */
static void peer_free(void *message);
static int peer_write_uri(const void *uri, char *out, size_t room);    /* the size; more than room, or below 0: not done */

static inline struct text c_string(const char *at) { return (struct text){at, ENDS_AT_NUL}; }

struct page {
    char *at, *end;
};

/* One entry: '+' and a text, or '-' for what is absent, or '?' for what is there and cannot be read; then NUL. */
static void put(struct page *page, char mark, const char *text, size_t size) {
    if ((size_t)(page->end - page->at) < size + 2) {
        page->at = page->end; /* full: the caller sees it */
        return;
    }
    *page->at++ = mark;
    memcpy(page->at, text, size);
    page->at += size;
    *page->at++ = '\0';
}

static void put_text(struct page *page, struct text text) {
    if (text.at == NULL) {
        put(page, '-', "", 0);
    } else {
        put(page, '+', text.at, text.size == ENDS_AT_NUL ? strlen(text.at) : (size_t)text.size);
    }
}

static void put_number(struct page *page, long number) {
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%ld", number);
    put(page, number == UNREADABLE ? '?' : number == ABSENT ? '-' : '+', digits, number < 0 ? 0 : (size_t)size);
}

static void put_uri(struct page *page, const void *uri) {
    char text[4096];
    int size = uri == NULL ? 0 : peer_write_uri(uri, text, sizeof text);
    int readable = size >= 0 && (size_t)size <= sizeof text;
    put(page, uri == NULL ? '-' : readable ? '+' : '?', text, readable ? (size_t)size : 0);
}

/* A text that the library may keep in two parts, joined again. */
static void put_joined(struct page *page, struct text first, const char *joint, struct text second) {
    char whole[1024];
    if (first.at != NULL && second.at != NULL) {
        snprintf(whole, sizeof whole, "%s%s%s", first.at, joint, second.at);
        first = c_string(whole);
    }
    put_text(page, first);
}

static void put_values(struct page *page, const struct values *values) {
    put_text(page, values->method);
    put_number(page, values->status);
    put_uri(page, values->uri);
    put_uri(page, values->from_uri);
    put_text(page, values->from_tag);
    put_uri(page, values->to_uri);
    put_text(page, values->to_tag);
    put_joined(page, values->call_id, "@", values->call_id_host);
    put_number(page, values->cseq);
    put_text(page, values->cseq_method);
    put_text(page, values->branch);
    put_joined(page, values->type, "/", values->subtype);
    put_number(page, values->content_length);
    put_number(page, values->body_size);
}

/* Parse and read one message, and write down what was read. The size written, or REJECTED, or NO_ROOM. */
int64_t peer_answer(const char *bytes, size_t size, char *out, size_t room) {
    struct values values = {.status = ABSENT, .cseq = ABSENT, .content_length = ABSENT, .body_size = ABSENT};
    struct page page = {out, out + room};
    void *message = peer_parse(bytes, size);
    if (message == NULL) {
        return REJECTED;
    }
    int whole = peer_read(message, &values);
    if (whole) {
        put_values(&page, &values);
    }
    peer_free(message);
    return !whole ? REJECTED : page.at == page.end ? NO_ROOM : page.at - out;
}

/* One pass over all messages. Nanoseconds, or REJECTED when any message was not taken. */
int64_t peer_pass(int question, const char *const *items, const size_t *sizes, size_t count) {
    struct values values = {.status = ABSENT};
    struct timespec start, end;
    int taken = 1;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (size_t i = 0; i < count; i++) {
        void *message = peer_parse(items[i], sizes[i]);
        if (message == NULL) {
            return REJECTED;
        }
        if (question == READ) {
            taken &= peer_read(message, &values);
            __asm__ volatile("" : : "r"(&values) : "memory"); /* the values count as used: nothing is optimised away */
        }
        peer_free(message);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    return taken ? (end.tv_sec - start.tv_sec) * INT64_C(1000000000) + (end.tv_nsec - start.tv_nsec) : REJECTED;
}

#endif
