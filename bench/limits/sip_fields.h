/* The twelve fields, as pieces of the message, and the length of the body. */
#ifndef SIPCORE_BENCH_SIP_FIELDS_H
#define SIPCORE_BENCH_SIP_FIELDS_H

#include <stddef.h>
#include <stdint.h>

/* A piece of the message; `at` is NULL for what is absent. */
struct piece {
    const uint8_t *at;
    size_t size;
};

struct sip_fields {
    struct piece method; /* absent in a response */
    struct piece request_uri;
    struct piece from_uri, from_tag;
    struct piece to_uri, to_tag;
    struct piece call_id;
    struct piece cseq_method;
    struct piece branch; /* of the topmost Via */
    struct piece content_type; /* type/subtype, without parameters */
    int64_t status;         /* -1 in a request */
    int64_t cseq_number;    /* -1 when absent */
    int64_t content_length; /* -1 when absent */
    uint64_t body_size;
};

/* 0, or -1 when there is no start line or no end of the head. */
int read_fields(const uint8_t *data, size_t size, struct sip_fields *fields);

#endif
