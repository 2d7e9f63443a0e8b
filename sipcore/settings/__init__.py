"""Settings files: TOML to checked values, every fault at once, each with its line. Needs the extra ``settings``."""
