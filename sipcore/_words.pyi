"""Words that recur in all traffic, as `str` objects that were made before: for the native rooms, by `_words.pxd`."""
