/* sofia-sip, read as the documentation of its function msg_make shows: msg_make with sip_default_mclass, sip_object, the
 * members of sip_t, msg_destroy. The library parses every header that it knows at once, so the question `index` is its
 * whole parse. */
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_protos.h>
#include <sofia-sip/url.h>

#include "peer.h"

/* Called once by the loader of this file, before anything else. 0 when the library is ready. */
int peer_start(void) { return sip_default_mclass() == NULL; }

static void *peer_parse(const char *bytes, size_t size) {
    msg_t *message = msg_make(sip_default_mclass(), 0, bytes, (ssize_t)size);
    if (message != NULL && (msg_has_error(message) || sip_object(message) == NULL)) {
        msg_destroy(message);
        return NULL;
    }
    return message;
}

static void peer_free(void *message) { msg_destroy(message); }

static void read_start_line(const sip_t *sip, struct values *out) {
    if (sip->sip_request != NULL) {
        out->method = c_string(sip->sip_request->rq_method_name);
        out->uri = sip->sip_request->rq_url;
    } else {
        out->status = sip->sip_status->st_status;
    }
}

static int peer_read(void *message, struct values *out) {
    const sip_t *sip = sip_object(message);
    if ((sip->sip_request == NULL && sip->sip_status == NULL) || sip->sip_from == NULL || sip->sip_to == NULL ||
        sip->sip_call_id == NULL || sip->sip_cseq == NULL || sip->sip_via == NULL) {
        return 0;
    }
    read_start_line(sip, out);
    out->from_uri = sip->sip_from->a_url;
    out->from_tag = c_string(sip->sip_from->a_tag);
    out->to_uri = sip->sip_to->a_url;
    out->to_tag = c_string(sip->sip_to->a_tag);
    out->call_id = c_string(sip->sip_call_id->i_id);
    out->cseq = sip->sip_cseq->cs_seq;
    out->cseq_method = c_string(sip->sip_cseq->cs_method_name);
    out->branch = c_string(sip->sip_via->v_branch);
    out->type = c_string(sip->sip_content_type == NULL ? NULL : sip->sip_content_type->c_type);
    out->content_length = sip->sip_content_length == NULL ? ABSENT : (long)sip->sip_content_length->l_length;
    out->body_size = sip->sip_payload == NULL ? 0 : (long)sip->sip_payload->pl_len;
    return 1;
}

static int peer_write_uri(const void *uri, char *out, size_t room) { return (int)url_e(out, room, uri); }
