"""Whether a message is sound, told without Python: nearly every message is, and in a fraction of a microsecond."""

from sipcore._parser import Message

def is_sound(message: Message) -> bool:
    """True only where `sipcore.validate.validate` has nothing to say as a proxy, whose rules judge no extension and no
    size and overlook nothing.

    False says nothing: what is odd but allowed (no branch in quotes, say) is left to `validate`, which names the fault.
    """
