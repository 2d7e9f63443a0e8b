/*
 * Load generator and sink in one process, so that one core holds both: it sends requests to a relay, and counts what
 * arrives behind the relay and what the relay answers.
 *
 *     load udp|tcp|tls FOLDER STREAMS FROM-IP FROM-PORT RELAY-IP RELAY-PORT SINK-IP SINK-PORT TEMPLATE...
 *
 * TEMPLATE is a file with one message; every "##########" in it becomes the message's number, so that no two messages
 * have a branch in common; the branch begins with "z9hG4bK-bench-". FOLDER holds certificates, for TLS only. Over UDP
 * there is one stream, and it sends from FROM-PORT, where answers come back to.
 *
 * Each line on standard input is a phase, and each phase gives one line of JSON on standard output:
 *
 *     closed ORDER WINDOW MESSAGES SECONDS    as fast as it goes with at most WINDOW on the way; ends with either bound
 *     paced ORDER PER-SECOND SECONDS          at this rate, come what may; PER-SECOND * SECONDS messages
 *     show TEMPLATE                           one message; "shown" is what became of it, in hexadecimal
 *
 * ORDER is a row of digits: which template each message in turn is made of.
 *
 * A message is done when it has arrived or was answered; BENOTIFY has no answer, so this is what closes the window.
 * What is not done when a phase has been quiet for long enough is lost. A paced message's latency counts from the
 * moment at which it was due, not from when it was sent: a stall delays all that should have been sent meanwhile.
 *
 * The sockets are polled without sleeping: the core is ours, and a sleeper would be woken at the relay's expense.
 */
#define _GNU_SOURCE
#include "channel.h"
#include "histogram.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    DIGITS = 10,
    MAX_TEMPLATES = 10, /* ORDER names them by one digit */
    MAX_ORDER = 64,
    MAX_PLACES = 32,
    MAX_STREAMS = 64,
    MAX_ACCEPTED = 256,
    MAX_MESSAGE = 65535,
    BUFFER = 4 * 65536, /* of a stream, in each direction */
    SOCKET_BUFFER = 4 << 20,
    TURN = 64,     /* messages sent before the sockets are read again */
    SLOTS = 65536 /* messages that are remembered; a power of two */
};
#define SECOND 1000000000LL
#define STALL (SECOND / 5)    /* a full window that nothing leaves is given up after this */
#define QUIET (2 * SECOND)    /* nothing for this long: what has not come will not come */
#define LATENESS 2.0         /* seconds that a paced phase may take longer than it should */
#define PATIENCE (8 * SECOND) /* the longest wait for stragglers, whatever still trickles in, and for a single message */

static const char MARKER[] = "##########";

struct template {
    char *text;
    size_t length;
    size_t places[MAX_PLACES];
    size_t place_count;
};

/* One message on its way. */
struct slot {
    uint64_t number;
    int64_t due;
    uint8_t template;
    bool done;
};

enum role { SENDER, SINK, LISTENER };

struct stream {
    int fd;
    struct channel *channel;
    enum role role;
    char *in, *out; /* TCP: what has been read and not yet cut, what has been queued and not yet written */
    size_t in_length, out_length;
};

struct tally {
    uint64_t sent[MAX_TEMPLATES], arrived[MAX_TEMPLATES], refused[MAX_TEMPLATES]; /* refused: answered 606 */
    uint64_t sent_in_all, done, given_up, otherwise, duplicates, strange;
    int64_t start, last;
    uint64_t latencies[BUCKETS];
};

struct phase {
    uint64_t window, messages;
    double per_second; /* 0: as the window allows */
    int64_t end;
    char order[MAX_ORDER + 1];
};

static bool over_udp;
static int poller;
static struct template templates[MAX_TEMPLATES];
static int template_count;
static struct stream senders[MAX_STREAMS], sink, accepted[MAX_ACCEPTED];
static int sender_count, accepted_count, next_sender;
static struct sockaddr_in relay_address;
static struct slot slots[SLOTS];
static uint64_t next_number, first_number;
static struct tally tally;
static bool showing;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static void *allocated(size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL)
        fail("no memory for %zu bytes", size);
    return memory;
}

/* -- messages: made from templates, recognised by the number in their branch, which a relay leaves below its own */

static void load_template(const char *path)
{
    struct template *made = &templates[template_count++];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail("%s: %s", path, strerror(errno));
    made->text = allocated(MAX_MESSAGE + 1);
    made->length = fread(made->text, 1, MAX_MESSAGE, file);
    fclose(file);
    made->text[made->length] = '\0';
    for (char *place = made->text; (place = strstr(place, MARKER)) != NULL; place += DIGITS) {
        if (made->place_count == MAX_PLACES)
            fail("%s: more than %d places for the number", path, MAX_PLACES);
        made->places[made->place_count++] = (size_t)(place - made->text);
    }
}

static void write_message(const struct template *template, uint64_t number, char *out)
{
    char digits[DIGITS];
    for (int i = DIGITS - 1; i >= 0; i--, number /= 10)
        digits[i] = (char)('0' + number % 10);
    memcpy(out, template->text, template->length);
    for (size_t i = 0; i < template->place_count; i++)
        memcpy(out + template->places[i], digits, DIGITS);
}

/* What follows a header's name, given with CRLF before it and colon and space behind it; NULL when it is not there. */
static const char *after(const char *text, size_t length, const char *name)
{
    size_t name_length = strlen(name);
    const char *found = memmem(text, length, name, name_length);
    return found == NULL ? NULL : found + name_length;
}

/* What became of the one message; the first that is known of it. */
static void show(const char *text, size_t length)
{
    fputs("{\"shown\": \"", stdout);
    for (size_t i = 0; i < length; i++)
        printf("%02x", (unsigned char)text[i]);
    puts("\"}");
    showing = false;
}

static void count_message(enum role role, const char *text, size_t length)
{
    bool answer = length > 11 && memcmp(text, "SIP/2.0 ", 8) == 0;
    const char *digits = after(text, length, ";branch=z9hG4bK-bench-");
    uint64_t number = digits ? strtoull(digits, NULL, 10) : UINT64_MAX;
    struct slot *slot = &slots[number % SLOTS];
    if (digits == NULL || answer != (role == SENDER) || slot->number != number) {
        tally.strange++;
        return;
    }
    if (!slot->done && number < first_number) {
        slot->done = true; /* too late: the phase that it is of has counted it as lost */
        return;
    }
    if (slot->done) {
        tally.duplicates++;
        return;
    }
    slot->done = true;
    tally.done++;
    tally.last = now_ns();
    tally.latencies[bucket_of((uint64_t)(tally.last - slot->due))]++;
    if (!answer)
        tally.arrived[slot->template]++;
    else if (memcmp(text + 8, "606", 3) == 0)
        tally.refused[slot->template]++;
    else
        tally.otherwise++;
    if (showing)
        show(text, length);
}

/* Count the whole messages at the front of a TCP stream; what is left of the last one stays. */
static void cut(struct stream *stream)
{
    const char *text = stream->in;
    size_t left = stream->in_length;
    for (;;) {
        const char *body = after(text, left, "\r\n\r\n");
        const char *said = body ? after(text, (size_t)(body - text), "\r\nContent-Length: ") : NULL;
        if (body != NULL && said == NULL)
            fail("a message without Content-Length arrived");
        size_t length = body ? (size_t)(body - text) + strtoul(said, NULL, 10) : SIZE_MAX;
        if (length > left)
            break;
        count_message(stream->role, text, length);
        text += length;
        left -= length;
    }
    memmove(stream->in, text, left);
    stream->in_length = left;
}

/* -- sockets */

static struct sockaddr_in address_of(const char *host, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        fail("%s is not an IPv4 address", host);
    return address;
}

static int bound(struct sockaddr_in address)
{
    int fd = socket(AF_INET, (over_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0), on = 1, size = SOCKET_BUFFER;
    if (!over_udp)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    else { /* the system gives what net.core.rmem_max allows; on a stream it would only switch its own tuning off */
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("cannot bind port %d: %s", ntohs(address.sin_port), strerror(errno));
    return fd;
}

static void watch(struct stream *stream, int fd, enum role role)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};
    *stream = (struct stream){.fd = fd, .role = role, .in = allocated(BUFFER), .out = allocated(BUFFER)};
    if (!over_udp && role != LISTENER) {
        const char *fault = (role == SENDER ? channel_to : channel_from)(fd, &stream->channel);
        if (fault != NULL)
            fail("%s", fault);
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0)
        fail("epoll: %s", strerror(errno));
}

static void open_sink(struct sockaddr_in address)
{
    int fd = bound(address);
    if (!over_udp && listen(fd, MAX_ACCEPTED) < 0)
        fail("cannot listen: %s", strerror(errno));
    watch(&sink, fd, over_udp ? SINK : LISTENER);
}

static void open_sender(struct sockaddr_in address)
{
    int fd = bound(address), on = 1;
    if (connect(fd, (struct sockaddr *)&relay_address, sizeof relay_address) < 0)
        fail("cannot connect to the relay: %s", strerror(errno));
    if (!over_udp)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(&senders[sender_count++], fd, SENDER);
}

static void read_datagrams(struct stream *stream)
{
    for (int i = 0; i < 2 * TURN; i++) {
        ssize_t length = recv(stream->fd, stream->in, BUFFER - 1, 0);
        if (length < 0)
            return; /* nothing there; or a relay that has gone, which shows in what is lost */
        stream->in[length] = '\0'; /* numbers are read with strtoull */
        count_message(stream->role, stream->in, (size_t)length);
    }
}

static void close_stream(struct stream *stream)
{
    if (stream->role == SENDER)
        fail("the relay closed a connection");
    close_channel(stream->channel);
    close(stream->fd);
    free(stream->in);
    free(stream->out);
}

/* Read until there is nothing: under TLS what was read ahead makes no descriptor readable again. */
static void read_stream(struct stream *stream)
{
    for (;;) {
        char *end = stream->in + stream->in_length;
        ssize_t length = channel_read(stream->fd, stream->channel, end, BUFFER - 1 - stream->in_length);
        if (length < 0 && errno == EAGAIN)
            return;
        if (length <= 0) {
            close_stream(stream);
            return;
        }
        end[length] = '\0';
        stream->in_length += (size_t)length;
        cut(stream);
        if (stream->in_length == BUFFER - 1)
            fail("a message of more than %d bytes arrived", BUFFER - 1);
    }
}

static void read_sockets(void)
{
    struct epoll_event events[MAX_STREAMS];
    int count = epoll_wait(poller, events, MAX_STREAMS, 0);
    for (int i = 0; i < count; i++) {
        struct stream *stream = events[i].data.ptr;
        if (stream->role != LISTENER) {
            (over_udp ? read_datagrams : read_stream)(stream);
            continue;
        }
        int fd = accept4(stream->fd, NULL, NULL, SOCK_CLOEXEC);
        if (accepted_count == MAX_ACCEPTED)
            fail("the relay opened more than %d connections", MAX_ACCEPTED);
        if (fd >= 0)
            watch(&accepted[accepted_count++], fd, SINK);
    }
}

static void flush_senders(void)
{
    for (int i = 0; i < sender_count; i++) {
        struct stream *stream = &senders[i];
        if (stream->out_length == 0)
            continue;
        ssize_t written = channel_write(stream->fd, stream->channel, stream->out, stream->out_length);
        if (written < 0 && errno != EAGAIN)
            fail("the relay closed a connection: %s", strerror(errno));
        if (written > 0) {
            stream->out_length -= (size_t)written;
            memmove(stream->out, stream->out + written, stream->out_length);
        }
    }
}

/* Hand a message to the next stream; false when it does not take it now. */
static bool put(const struct template *template, uint64_t number)
{
    struct stream *stream = &senders[next_sender];
    next_sender = (next_sender + 1) % sender_count;
    if (over_udp) {
        write_message(template, number, stream->out);
        return send(stream->fd, stream->out, template->length, 0) >= 0;
    }
    if (stream->out_length + template->length > BUFFER)
        return false;
    write_message(template, number, stream->out + stream->out_length);
    stream->out_length += template->length;
    return true;
}

/* -- phases */

static int64_t due(const struct phase *phase)
{
    return tally.start + (int64_t)((double)tally.sent_in_all / phase->per_second * (double)SECOND);
}

static bool may_send(const struct phase *phase, int64_t now)
{
    if (tally.sent_in_all >= phase->messages || now >= phase->end)
        return false;
    if (phase->per_second > 0)
        return due(phase) <= now;
    return tally.sent_in_all - tally.done - tally.given_up < phase->window;
}

static bool send_one(const struct phase *phase, int64_t now)
{
    int template = phase->order[next_number % strlen(phase->order)] - '0';
    struct slot *slot = &slots[next_number % SLOTS];
    *slot = (struct slot){next_number, phase->per_second > 0 ? due(phase) : now, (uint8_t)template, false};
    if (!put(&templates[template], next_number))
        return false;
    next_number++;
    tally.sent[template]++;
    tally.sent_in_all++;
    return true;
}

/* What filled the window and has not come for so long is lost; others get its place. */
static void give_up_stalled(const struct phase *phase, int64_t now, int64_t *moved)
{
    if (tally.last > *moved)
        *moved = tally.last;
    if (phase->per_second > 0 || now - *moved < STALL)
        return;
    tally.given_up = tally.sent_in_all - tally.done;
    *moved = now;
}

static void drain(void)
{
    int64_t began = now_ns(), now = began;
    while (tally.done < tally.sent_in_all && now - began < PATIENCE) {
        if (!showing && now - (tally.last > began ? tally.last : began) > QUIET)
            break;
        flush_senders();
        read_sockets();
        now = now_ns();
    }
}

static void run(const struct phase *phase)
{
    memset(&tally, 0, sizeof tally);
    first_number = next_number;
    int64_t now = tally.start = now_ns(), moved = now;
    while (now < phase->end && tally.sent_in_all < phase->messages) {
        for (int i = 0; i < TURN && may_send(phase, now) && send_one(phase, now); i++)
            now = now_ns();
        flush_senders();
        read_sockets();
        now = now_ns();
        give_up_stalled(phase, now, &moved);
    }
    drain();
}

/* -- the outside: commands in, figures out */

static void print_counts(const char *name, const uint64_t *counts)
{
    printf("\"%s\": [", name);
    for (int i = 0; i < template_count; i++)
        printf("%s%llu", i ? ", " : "", (unsigned long long)counts[i]);
    printf("], ");
}

static void report(void)
{
    printf("{");
    print_counts("sent", tally.sent);
    print_counts("arrived", tally.arrived);
    print_counts("refused", tally.refused);
    printf("\"otherwise\": %llu, \"duplicates\": %llu, \"strange\": %llu, ", (unsigned long long)tally.otherwise,
           (unsigned long long)tally.duplicates, (unsigned long long)tally.strange);
    printf("\"seconds\": %.9f, ", tally.done ? (double)(tally.last - tally.start) / SECOND : 0.0);
    printf("\"p50_ns\": %.0f, \"p99_ns\": %.0f}\n", percentile(tally.latencies, tally.done, 0.50),
           percentile(tally.latencies, tally.done, 0.99));
}

static void check_order(const char *order)
{
    for (const char *digit = order; *digit; digit++)
        if (*digit < '0' || *digit - '0' >= template_count)
            fail("ORDER names template %c, there are %d", *digit, template_count);
}

static void obey(const char *line)
{
    struct phase phase = {.window = 1, .messages = UINT64_MAX};
    unsigned long long window, messages;
    double seconds = 1;
    if (sscanf(line, "closed %64s %llu %llu %lf", phase.order, &window, &messages, &seconds) == 4) {
        phase.window = window;
        phase.messages = messages;
    } else if (sscanf(line, "paced %64s %lf %lf", phase.order, &phase.per_second, &seconds) == 3) {
        phase.messages = (uint64_t)(phase.per_second * seconds);
        seconds += LATENESS; /* for a generator that was not let run; the last message is due before */
    } else if (sscanf(line, "show %64s", phase.order) == 1) {
        phase.messages = 1;
        showing = true;
    } else
        fail("unknown command: %s", line);
    check_order(phase.order);
    phase.end = now_ns() + (int64_t)(seconds * (double)SECOND);
    bool show_only = showing;
    run(&phase);
    if (showing)
        show("", 0);
    else if (!show_only)
        report();
    fflush(stdout);
}

int main(int argc, char **argv)
{
    char line[256];
    if (argc < 11)
        fail("usage: load udp|tcp|tls FOLDER STREAMS FROM-IP FROM-PORT RELAY-IP RELAY-PORT SINK-IP SINK-PORT "
             "TEMPLATE...");
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a core that is polled for nobody would be missed */
    signal(SIGPIPE, SIG_IGN);
    over_udp = strcmp(argv[1], "udp") == 0;
    const char *fault = open_channels(argv[2]);
    int streams = over_udp ? 1 : atoi(argv[3]);
    relay_address = address_of(argv[6], argv[7]);
    for (int i = 10; i < argc && template_count < MAX_TEMPLATES; i++)
        load_template(argv[i]);
    if (fault != NULL || streams < 1 || streams > MAX_STREAMS)
        fail("%s", fault ? fault : "STREAMS is not from 1 to 64");
    poller = epoll_create1(EPOLL_CLOEXEC);
    open_sink(address_of(argv[8], argv[9]));
    for (int i = 0; i < streams; i++)
        open_sender(address_of(argv[4], over_udp ? argv[5] : "0"));
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL)
        obey(line);
    return 0;
}
