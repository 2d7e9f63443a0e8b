"""The automaton under `Matcher` and `LinkFinder`; native only, declared in ``_automaton.pxd``."""
