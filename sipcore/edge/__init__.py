"""What a federation edge decides: who may speak, where a message goes, what the other side is told.

From the tables to the engine, each file one idea:

    tables        what an operator configured               actions     what the engine asks of its shell
    summary       the same in words                         hashes      branches, tags and routes that only we can make
    directory     our users, their rights and lists         memory      the little that is remembered
    facts         what DNS has said of domains              waiting     what cannot be decided or sent yet
    flow          what policy sees, and what it answers     pacing      how much a discovered peer may send
    verification  levels, assertion, mark                   vias        the way back, written and read
    benotify      what is never answered                    links       the connections that are open
    refusals      every way to say no, one table            forwarding  what a forwarded message is changed by
    routing       the decision, out of these steps:         answers     our own answers
      steps       what a step is                            reading     from a message to what policy sees
      gates       what every request passes                 judging     validate, recognise, decide, filter
      identity    who is on a link, and speaks for whom     engine      a message and the time in, actions out
      discovery   what an SRV record may say                explaining  what would become of a message, in words
      ways        the ways to a domain outside
      rights      what our users may do, and want
      inbound     from outside, step by step
      outbound    from inside, step by step
    responses     the smaller decision for responses

No clock, no randomness, no IO: what a decision needs arrives as an argument, so every trace replays.
"""
