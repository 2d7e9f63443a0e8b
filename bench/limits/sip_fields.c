/* A handwritten reader of the twelve fields: what the least careful correct program would do.
 *
 * It makes the index of lines and colons, with AVX2 where the processor has it, and looks into those lines whose names
 * have the right length. It believes the message. No validation, no folded lines, no compact names, no case of the
 * content type put right; of quotes only the display name's are seen. So it is a limit to measure against and not a
 * parser to use. */
#include "sip_fields.h"

#include <string.h>

#include "clock.h"
#include "find.h"
#include "index.h"

static struct view skip_blanks(struct view view)
{
    while (view.at < view.end && (*view.at == ' ' || *view.at == '\t'))
        view.at++;
    return view;
}

static struct view from(struct view view, const uint8_t *at)
{
    return (struct view){at, view.end, view.limit};
}

/* From the start of the view up to `stop`. */
static struct piece piece(struct view view, const uint8_t *stop)
{
    return (struct piece){view.at, (size_t)(stop - view.at)};
}

static int64_t number(struct view view)
{
    uint32_t value = 0; /* wraps on nonsense; nobody is harmed */
    for (; view.at < view.end && *view.at >= '0' && *view.at <= '9'; view.at++)
        value = value * 10 + (uint32_t)(*view.at - '0');
    return value;
}

/* Whether the bytes are `name`, which is given in lower case and whose length was compared already. */
static inline int is_name(const uint8_t *at, const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((at[i] | 0x20) != name[i])
            return 0;
    return 1;
}

/* The value of the parameter `name` of the first of several values. */
static inline struct piece parameter(struct view view, const char *name, size_t size)
{
    for (;;) {
        view.at = find(view, ';', ',', ',');
        if (view.at == view.end || *view.at == ',')
            return (struct piece){NULL, 0};
        view = skip_blanks(from(view, view.at + 1));
        if ((size_t)(view.end - view.at) > size && view.at[size] == '=' && is_name(view.at, name, size)) {
            view.at += size + 1;
            return piece(view, find(view, ';', ',', ' '));
        }
    }
}

/* Behind a quoted display name; the view itself where there is none. */
static struct view skip_quoted(struct view view)
{
    if (view.at == view.end || *view.at != '"')
        return view;
    for (;;) {
        view.at = find(from(view, view.at + 1), '"', '\\', '\\');
        if (view.at == view.end || *view.at == '"')
            return view;
        view.at += view.end - view.at > 1; /* what is escaped cannot end it */
    }
}

/* From or To: the URI, in brackets or bare, and the tag behind it. */
static void read_address(struct view value, struct piece *uri, struct piece *tag)
{
    const uint8_t *open = find(skip_quoted(value), '<', '<', '<');
    if (open < value.end) {
        value = from(value, open + 1);
        *uri = piece(value, find(value, '>', '>', '>'));
    } else {
        *uri = piece(value, find(value, ';', ' ', '\t'));
    }
    *tag = parameter(from(value, uri->at + uri->size), "tag", 3);
}

static void read_cseq(struct view value, struct sip_fields *fields)
{
    fields->cseq_number = number(value);
    value = skip_blanks(from(value, find(value, ' ', ' ', ' ')));
    fields->cseq_method = piece(value, value.end);
}

/* One header line; most are told apart by the length of the name alone. Of a header given twice the first counts. */
static void read_header(const uint8_t *name, size_t size, struct view value, struct sip_fields *fields)
{
    switch (size) {
    case 2:
        if (!fields->to_uri.at && is_name(name, "to", 2))
            read_address(skip_blanks(value), &fields->to_uri, &fields->to_tag);
        break;
    case 3:
        if (!fields->branch.at && is_name(name, "via", 3))
            fields->branch = parameter(value, "branch", 6);
        break;
    case 4:
        if (!fields->from_uri.at && is_name(name, "from", 4))
            read_address(skip_blanks(value), &fields->from_uri, &fields->from_tag);
        else if (fields->cseq_number < 0 && is_name(name, "cseq", 4))
            read_cseq(skip_blanks(value), fields);
        break;
    case 7:
        if (!fields->call_id.at && is_name(name, "call-id", 7))
            fields->call_id = piece(skip_blanks(value), value.end);
        break;
    case 12:
        if (!fields->content_type.at && is_name(name, "content-type", 12)) {
            value = skip_blanks(value);
            fields->content_type = piece(value, find(value, ';', ' ', '\t'));
        }
        break;
    case 14:
        if (fields->content_length < 0 && is_name(name, "content-length", 14))
            fields->content_length = number(skip_blanks(value));
        break;
    }
}

static void read_start_line(struct view line, struct sip_fields *fields)
{
    if (line.end - line.at > 8 && memcmp(line.at, "SIP/2.0 ", 8) == 0) {
        fields->status = number(from(line, line.at + 8));
        return;
    }
    fields->method = piece(line, find(line, ' ', ' ', ' '));
    line = skip_blanks(from(line, line.at + fields->method.size));
    fields->request_uri = piece(line, find(line, ' ', ' ', ' '));
}

/* The text of the line from `start` on, without the line feed before `next` and a carriage return there. */
static struct view line_between(const uint8_t *start, const uint8_t *next, const uint8_t *limit)
{
    return (struct view){start, next - start >= 2 && next[-2] == '\r' ? next - 2 : next - 1, limit};
}

int read_fields(const uint8_t *data, size_t size, struct sip_fields *fields)
{
    struct index index;
    if ((has_avx2() ? index_avx2 : index_scalar)(data, size, &index) < 0)
        return -1;
    memset(fields, 0, sizeof *fields);
    fields->status = fields->cseq_number = fields->content_length = -1;
    fields->body_size = size - index.head_size;
    read_start_line(line_between(data, data + index.line[1].start, data + size), fields);
    for (uint32_t i = 1; i < index.lines; i++) {
        const uint8_t *name = data + index.line[i].start, *colon = data + index.line[i].colon;
        struct view line = line_between(name, data + index.line[i + 1].start, data + size);
        read_header(name, (size_t)(colon - name), from(line, colon + 1), fields);
    }
    return 0;
}

/* One pass over all items. */
int64_t time_fields(const struct item *items, size_t count)
{
    struct sip_fields fields;
    int64_t start = now();
    for (size_t i = 0; i < count; i++) {
        keep((uint64_t)read_fields(items[i].data, items[i].size, &fields));
        keep((uintptr_t)&fields);
    }
    return now() - start;
}
