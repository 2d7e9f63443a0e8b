"""Building an Aho-Corasick automaton from sorted strings (drawn in ``_automaton.pxd``); `_walking` walks it.

The keys come sorted, so a node of their trie is a run of neighbours that agree in their first bytes. Going through the
runs breadth first numbers the states: the children of one are neighbours too, a suffix comes before what it is a
suffix of, and no tree of nodes is ever made.

Rows. A state with a row takes a byte in one look at a table, whatever the byte. But rows are wide: 30,000 words are
240,000 states of 27 columns, 25 MiB of them, and of arbitrary bytes ten times that. Where all rows together would pass
`ROOM_FOR_ROWS`, only the first states have one, those near the root, where running text nearly always is. The others
know their children and their fallback only, 21 bytes a state, and a byte that fits no child is looked up again from the
fallback: at most one step back for each step down. Columns stand in the order in which their bytes are used most, so
that those wanted most share a line of the cache.

pyahocorasick, which did the building before, serves as an oracle in the tests. Its trie can be read back only by
`dump`, which lost 22 kB for each set of the default prefixes, cut node ids to 32 bits, and with what Python had to do
behind it took 1.8 s and 250 MiB for 30,000 words. They are built here in 0.04 s, in the 30 MiB that their tables take.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

cdef extern from "imfilter/_marks.h" nogil:
    enum:
        SIP_PAIR
    void sip_start_marks(Marks *marks, uint32_t shortest, bint by_last)
    void sip_add_mark(
        Marks *marks, const uint8_t *pattern, uint32_t size, bint by_last, uint8_t group, bint ignore_case)
    void sip_finish_marks(Marks *marks)

# By the numbers of `Leaps`.
LEAPS = ("nowhere", "to ends", "to starts")

cdef enum:
    # Where not every state can have a row: entries for those near the root, 8 MiB.
    ROOM_NEAR_THE_ROOT = 1 << 21
    GROUPS = 8              # bits of a byte of the tables in `_marks.h`
    DONE = 0
    NO_MEMORY = -1
    TOO_LARGE = -2

cdef struct Key:
    const uint8_t *data
    uint32_t size
    uint32_t pattern

cdef struct Run:
    # Keys that agree in as many bytes as the state is deep.
    uint32_t start
    uint32_t end


# -- one step ----------------------------------------------------------------------------------------------------------

cdef uint32_t step_from_deep(const Automaton *automaton, uint32_t place, uint8_t label) noexcept nogil:
    """The entry that a byte leads to from a state that has no row."""
    cdef uint32_t state, child
    while place & DEEP:
        state = place & ~DEEP
        for child in range(automaton.children[state], automaton.children[state + 1]):
            if automaton.labels[child] == label:
                return entry_of(automaton, child)
        place = automaton.fallback[state]
    return automaton.rows[place + label]


cdef uint32_t ending_state(const Automaton *automaton, uint32_t place) noexcept nogil:
    """The longest pattern that ends at a place, as the state that spells it; the root for none."""
    cdef uint32_t state = state_of(automaton, place)
    return state if automaton.first[state] != NO_PATTERN else automaton.shorter[state]


cdef uint32_t depth_at(const Automaton *automaton, uint32_t place) noexcept nogil:
    """How many of the bytes read last may still become a pattern."""
    return automaton.depths[state_of(automaton, place)]


# -- building: the trie -----------------------------------------------------------------------------------------------

cdef uint64_t count_states(const Key *keys, uint32_t count) noexcept nogil:
    """One for the root, and one for each byte in which a key differs from the one before, and those behind it."""
    cdef uint64_t states = 1
    cdef uint32_t i, shared
    for i in range(count):
        shared = 0
        if i:
            while (shared < keys[i].size and shared < keys[i - 1].size
                   and keys[i].data[shared] == keys[i - 1].data[shared]):
                shared += 1
        states += keys[i].size - shared
    return states


cdef uint32_t assign_columns(uint8_t *classes, const Key *keys, uint32_t count, bint ignore_case) noexcept nogil:
    """A column for each byte that some key has, the most frequent first; how many columns there are.

    All other bytes share column 0, where there are any.
    """
    cdef uint64_t uses[256]
    cdef uint32_t i, k, columns = 0
    cdef int byte, most
    memset(uses, 0, sizeof(uses))
    memset(classes, 0, 256)
    for i in range(count):
        for k in range(keys[i].size):
            uses[keys[i].data[k]] += 1
    for byte in range(256):
        if uses[byte] == 0:
            columns = 1
    while True:
        most = 0
        for byte in range(256):
            if uses[byte] > uses[most]:
                most = byte
        if uses[most] == 0:
            return columns
        uses[most] = 0
        classes[most] = <uint8_t>columns
        if ignore_case and c"a" <= most <= c"z":
            classes[most - 32] = <uint8_t>columns
        columns += 1


cdef Run take_own(Automaton *automaton, const Key *keys, Run run, uint32_t state) noexcept nogil:
    """Note the keys that end in the state, which are the first of its run; the rest of the run."""
    automaton.first[state] = NO_PATTERN
    if run.start == run.end or keys[run.start].size != automaton.depths[state]:
        return run
    automaton.first[state] = run.start
    while run.start < run.end and keys[run.start].size == automaton.depths[state]:
        automaton.order[run.start] = keys[run.start].pattern
        run.start += 1
    automaton.order[run.start - 1] |= LAST_OF_EQUALS
    return run


cdef void spread(Automaton *automaton, const Key *keys, Run *runs) noexcept nogil:
    """Number the states: each run is cut where the next byte changes, and every piece is a child."""
    cdef uint32_t state, depth, made = 1, i
    cdef uint8_t byte
    cdef Run run
    for state in range(automaton.states):
        run = take_own(automaton, keys, runs[state], state)
        depth = automaton.depths[state]
        automaton.children[state] = made
        while run.start < run.end:
            byte = keys[run.start].data[depth]
            i = run.start + 1
            while i < run.end and keys[i].data[depth] == byte:
                i += 1
            runs[made] = Run(run.start, i)
            automaton.labels[made] = automaton.classes[byte]
            automaton.depths[made] = depth + 1
            made += 1
            run.start = i
    automaton.children[automaton.states] = made


# -- building: fallbacks and rows -------------------------------------------------------------------------------------

cdef void link_children(Automaton *automaton, uint32_t state) noexcept nogil:
    """Where the children of a state fall back to; every state before it and its own row's base are done."""
    cdef uint32_t child, place, suffix
    for child in range(automaton.children[state], automaton.children[state + 1]):
        place = 0
        if state:
            place = step(automaton, automaton.fallback[state], automaton.labels[child]) & ~ENDS
        suffix = state_of(automaton, place)
        automaton.fallback[child] = place
        automaton.shorter[child] = suffix if automaton.first[suffix] != NO_PATTERN else automaton.shorter[suffix]


cdef void write_row(Automaton *automaton, uint32_t state) noexcept nogil:
    """What a state does not know it does as its fallback would; the root stays where it is."""
    cdef uint32_t *row = automaton.rows + state * automaton.columns
    cdef uint32_t child
    if state:
        memcpy(row, automaton.rows + automaton.fallback[state], automaton.columns * sizeof(uint32_t))
    for child in range(automaton.children[state], automaton.children[state + 1]):
        row[automaton.labels[child]] = entry_of(automaton, child)


cdef void connect(Automaton *automaton) noexcept nogil:
    cdef uint32_t state
    for state in range(automaton.states):
        link_children(automaton, state)
        if state < automaton.dense:
            write_row(automaton, state)


# -- building: whether leaps pay --------------------------------------------------------------------------------------

# How often a byte comes in a thousand of English talk; what is not listed counts once. Chinese or Greek would give
# other numbers for bytes that are rarely the end of a pattern, so one language serves.
cdef bytes TALK = bytes({
    " ": 180, "e": 100, "t": 73, "a": 65, "o": 60, "i": 57, "n": 57, "s": 52, "r": 50, "h": 48, "d": 34, "l": 33,
    "u": 23, "c": 22, "m": 20, "f": 19, "w": 18, "g": 16, "y": 16, "p": 15, "b": 12, ".": 10, ",": 10, "v": 8, "k": 6,
}.get(chr(byte), 1) for byte in range(256))


cdef uint32_t pairs_in_talk(const Marks *marks, const uint8_t *weights) noexcept nogil:
    """How many bytes in a million of running text look like the second of a pair."""
    cdef uint32_t pairs = 0
    cdef int second, first
    for second in range(256):
        for first in range(256):
            if marks.second_of[second] & marks.first_of[first]:
                pairs += weights[second] * weights[first]
    return pairs


cdef void mark(
    Marks *marks, const Key *keys, uint32_t count, uint32_t shortest, bint by_last, bint ignore_case
) noexcept nogil:
    """Fill the tables of `_marks.h`; pairs with the same rarer byte are a group as long as there are groups.

    The rarer one is the second of the last pair (a colon), and the first of a first pair is as good as the second.
    """
    cdef uint8_t group_of[256]
    cdef uint32_t i, groups = 0
    memset(group_of, 0, sizeof(group_of))
    for i in range(count):
        group_of[keys[i].data[keys[i].size - 1 if by_last else 0]] = 1
    for i in range(256):
        if group_of[i]:
            group_of[i] = <uint8_t>(groups % GROUPS)
            groups += 1
    sip_start_marks(marks, shortest, by_last)
    for i in range(count):
        sip_add_mark(marks, keys[i].data, keys[i].size, by_last,
                     <uint8_t>(1 << group_of[keys[i].data[keys[i].size - 1 if by_last else 0]]), ignore_case)
    sip_finish_marks(marks)


cdef void choose_leaps(
    Automaton *automaton, const Key *keys, uint32_t count, bint ignore_case, const uint8_t *weights
) noexcept nogil:
    """Leap where a mark is to be expected in fewer than one byte of 32, which is one a block; by the rarer marks."""
    cdef uint32_t shortest = NO_PATTERN, i, ends, starts
    for i in range(count):
        shortest = min(shortest, keys[i].size)
    if count == 0 or shortest < SIP_PAIR:
        return
    mark(&automaton.marks, keys, count, shortest, False, ignore_case)
    starts = pairs_in_talk(&automaton.marks, weights)
    mark(&automaton.marks, keys, count, shortest, True, ignore_case)
    ends = pairs_in_talk(&automaton.marks, weights)
    if min(starts, ends) >= 1000 * 1000 // 32:
        return
    automaton.leaps = TO_ENDS
    if starts < ends:
        automaton.leaps = TO_STARTS
        mark(&automaton.marks, keys, count, shortest, False, ignore_case)


# -- building: memory, and the whole ----------------------------------------------------------------------------------

cdef int allocate(Automaton *automaton) noexcept nogil:
    """Room for that many states, rows, columns and patterns; one item more where a table may else be empty."""
    cdef size_t states = automaton.states + 1
    automaton.rows = <uint32_t *>calloc(<size_t>automaton.dense * automaton.columns, sizeof(uint32_t))
    automaton.children = <uint32_t *>calloc(states, sizeof(uint32_t))
    automaton.fallback = <uint32_t *>calloc(states, sizeof(uint32_t))
    automaton.first = <uint32_t *>calloc(states, sizeof(uint32_t))
    automaton.shorter = <uint32_t *>calloc(states, sizeof(uint32_t))
    automaton.depths = <uint32_t *>calloc(states, sizeof(uint32_t))
    automaton.labels = <uint8_t *>calloc(states, 1)
    automaton.order = <uint32_t *>calloc(automaton.patterns + 1, sizeof(uint32_t))
    if (automaton.rows == NULL or automaton.children == NULL or automaton.fallback == NULL or automaton.first == NULL
            or automaton.shorter == NULL or automaton.depths == NULL or automaton.labels == NULL
            or automaton.order == NULL):
        return NO_MEMORY
    return DONE


cdef size_t automaton_size(const Automaton *automaton) noexcept nogil:
    """Bytes of all tables."""
    cdef size_t states = automaton.states + 1
    return (sizeof(Automaton) + <size_t>automaton.dense * automaton.columns * sizeof(uint32_t)
            + states * (5 * sizeof(uint32_t) + 1) + (automaton.patterns + 1) * sizeof(uint32_t))


cdef void release_automaton(Automaton *automaton) noexcept nogil:
    free(automaton.rows)
    free(automaton.children)
    free(automaton.fallback)
    free(automaton.first)
    free(automaton.shorter)
    free(automaton.depths)
    free(automaton.labels)
    free(automaton.order)
    memset(automaton, 0, sizeof(Automaton))


cdef int build(
    Automaton *automaton, const Key *keys, uint32_t count, bint ignore_case, uint32_t room, const uint8_t *weights
) noexcept nogil:
    """The automaton of sorted keys.

    Every state has a row if that takes no more than ``room`` entries; else as many as have room near the root, and the
    root in any case.
    """
    cdef uint64_t states = count_states(keys, count)
    cdef Run *runs
    cdef uint32_t i
    cdef int outcome
    if states >= DEEP:
        return TOO_LARGE
    automaton.states = <uint32_t>states
    automaton.patterns = count
    automaton.columns = assign_columns(automaton.classes, keys, count, ignore_case)
    automaton.dense = automaton.states
    if states * automaton.columns > room:
        automaton.dense = max(1, min(room, <uint32_t>ROOM_NEAR_THE_ROOT) // automaton.columns)
    for i in range(count):
        automaton.longest = max(automaton.longest, keys[i].size)
    outcome = allocate(automaton)
    runs = <Run *>malloc(automaton.states * sizeof(Run))
    if runs == NULL or outcome != DONE:
        free(runs)
        return NO_MEMORY
    runs[0] = Run(0, count)
    spread(automaton, keys, runs)
    free(runs)
    connect(automaton)
    i = 1
    while i < automaton.states and automaton.depths[i] < SIP_PAIR:
        i += 1
    automaton.shallow = min(i, automaton.dense) * automaton.columns
    choose_leaps(automaton, keys, count, ignore_case, weights)
    return DONE


cdef int raise_for(int outcome) except -1:
    """The one place where an outcome of the building becomes an exception."""
    if outcome == NO_MEMORY:
        raise MemoryError("no room for the automaton")
    if outcome == TOO_LARGE:
        raise ValueError("the patterns need more than 2**29 states")
    return 0


cdef Key *sorted_keys(list keys) except NULL:
    """The keys by their bytes, equal ones by their index; to be freed."""
    cdef Py_ssize_t count = len(keys), i
    cdef uint32_t pattern
    cdef bytes key
    if count >= DEEP or sum(map(len, keys)) >= 2**32:
        raise_for(TOO_LARGE)
    cdef Key *items = <Key *>malloc((count + 1) * sizeof(Key))
    if items == NULL:
        raise_for(NO_MEMORY)
    for i, pattern in enumerate(sorted(range(count), key=keys.__getitem__)):
        key = keys[pattern]
        items[i] = Key(<const uint8_t *>PyBytes_AS_STRING(key), <uint32_t>PyBytes_GET_SIZE(key), pattern)
    return items


cdef int build_automaton(Automaton *automaton, list keys, bint ignore_case, uint32_t room) except -1:
    """Build from keys, which are in lower case where case does not count, and none of which is empty."""
    cdef const uint8_t *weights = TALK
    cdef uint32_t count = <uint32_t>len(keys)
    cdef Key *items = sorted_keys(keys)
    cdef int outcome
    with nogil:
        outcome = build(automaton, items, count, ignore_case, room, weights)
        free(items)
    return raise_for(outcome)


cdef int mark_automaton(Automaton *automaton, list keys, Leaps leaps, bint ignore_case) except -1:
    """Have an automaton of these keys, of two bytes or more, leap that way, whether it pays or not."""
    cdef uint32_t shortest = min(map(len, keys))
    cdef Key *items = sorted_keys(keys)
    mark(&automaton.marks, items, <uint32_t>len(keys), shortest, leaps == TO_ENDS, ignore_case)
    free(items)
    automaton.leaps = leaps
    return 0
