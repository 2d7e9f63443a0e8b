/* libosip2, read as its own "How-To parse SIP message" shows: osip_message_init, osip_message_parse, the fields of
 * osip_message_t with the accessors of their headers, osip_message_free. The library parses every header at once, so
 * the question `index` is its whole parse. */
#include <osipparser2/osip_parser.h>
#include <stdlib.h>
#include <strings.h>

#include "peer.h"

/* Called once by the loader of this file, before anything else. 0 when the library is ready. */
int peer_start(void) { return parser_init(); }

static void *peer_parse(const char *bytes, size_t size) {
    osip_message_t *message;
    if (osip_message_init(&message) != 0) {
        return NULL;
    }
    if (osip_message_parse(message, bytes, size) != 0) {
        osip_message_free(message);
        return NULL;
    }
    return message;
}

static void peer_free(void *message) { osip_message_free(message); }

static struct text parameter(osip_generic_param_t *found) {
    return c_string(found == NULL ? NULL : found->gvalue);
}

static struct text tag_of(osip_from_t *address) {
    osip_generic_param_t *found = NULL;
    osip_from_get_tag(address, &found);
    return parameter(found);
}

static struct text branch_of(osip_message_t *message) {
    osip_via_t *via = osip_list_get(&message->vias, 0);
    osip_generic_param_t *found = NULL;
    if (via != NULL) {
        osip_via_param_get_byname(via, "branch", &found);
    }
    return parameter(found);
}

/* A multipart body is kept as its parts, without what stands between them: its size cannot be read. */
static long body_size_of(osip_message_t *message) {
    osip_body_t *body = osip_list_get(&message->bodies, 0);
    if (message->content_type != NULL && strcasecmp(message->content_type->type, "multipart") == 0) {
        return UNREADABLE;
    }
    return body == NULL ? 0 : (long)body->length;
}

static void read_start_line(osip_message_t *message, struct values *out) {
    if (MSG_IS_REQUEST(message)) {
        out->method = c_string(osip_message_get_method(message));
        out->uri = osip_message_get_uri(message);
    } else {
        out->status = osip_message_get_status_code(message);
    }
}

static int peer_read(void *parsed, struct values *out) {
    osip_message_t *message = parsed;
    if (message->from == NULL || message->to == NULL || message->call_id == NULL || message->cseq == NULL) {
        return 0;
    }
    read_start_line(message, out);
    out->from_uri = osip_from_get_url(message->from);
    out->from_tag = tag_of(message->from);
    out->to_uri = osip_to_get_url(message->to);
    out->to_tag = tag_of(message->to);
    out->call_id = c_string(osip_call_id_get_number(message->call_id));
    out->call_id_host = c_string(osip_call_id_get_host(message->call_id));
    out->cseq = atol(osip_cseq_get_number(message->cseq));
    out->cseq_method = c_string(osip_cseq_get_method(message->cseq));
    out->branch = branch_of(message);
    if (message->content_type != NULL) {
        out->type = c_string(message->content_type->type);
        out->subtype = c_string(message->content_type->subtype);
    }
    if (message->content_length != NULL) {
        out->content_length = atol(message->content_length->value);
    }
    out->body_size = body_size_of(message);
    return 1;
}

static int peer_write_uri(const void *uri, char *out, size_t room) {
    char *text = NULL;
    if (osip_uri_to_str(uri, &text) != 0) {
        return -1;
    }
    int size = snprintf(out, room, "%s", text);
    osip_free(text);
    return size;
}
