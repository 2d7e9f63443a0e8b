"""How an automaton goes over a text; native only, declared in ``_walking.pxd``."""
