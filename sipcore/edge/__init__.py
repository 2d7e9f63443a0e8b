"""What a federation edge decides: who may speak, where a message goes, what the other side is told.

From the tables to the engine, each file one idea:

    tables        what an operator configured               actions     what the engine asks of its shell
    summary       the same in words                         hashes      branches, tags and routes that only we can make
    directory     our users, their rights and lists         memory      the little that is remembered
    flow          what policy sees, and what it answers     vias        the way back, written and read
    verification  levels, assertion, mark                   links       the connections that are open
    benotify      what is never answered                    forwarding  what a forwarded message is changed by
    refusals      every way to say no, one table            answers     our own answers
    routing       the decision                              judging     validate, recognise, decide, filter
    reading       from a message to what policy sees        engine      a message and the time in, actions out

No clock, no randomness, no IO: what a decision needs arrives as an argument, so every trace replays.
"""
