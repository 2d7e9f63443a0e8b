"""What is possible: small C programs that do the least that a question allows. Built on first use.

None of them is meant to be used for anything but to be measured against; each says what it leaves out.
"""
