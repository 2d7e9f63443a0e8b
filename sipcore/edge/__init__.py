"""What a federation edge decides: who may speak, where a message goes, what the other side is told.

From the tables to the engine, each file one idea:

    tables        what an operator configured               hashes      branches and tags that only we can make
    flow          what policy sees, and what it answers     memory      the little that has to be remembered
    verification  levels, assertion, mark                   vias        the way back, written and read
    benotify      what is never answered                    links       the connections that are open
    refusals      every way to say no, one table            forwarding  what a forwarded message is changed by
    routing       the decision                              answers     our own answers
    reading       from a message to what policy sees        judging     validate, recognise, decide, filter
    actions       what the engine asks of its shell         engine      a message and the time in, actions out

No clock, no randomness, no IO: what a decision needs arrives as an argument, so every trace replays.
"""
