"""TLS between an edge and its neighbours: who we are, whom we trust, and who is at the other end.

book              all that is known of certificates, and the contexts made of it
handshakes        a handshake that is over when the peer has shown who it is
acceptor          a listener whose connections begin with one
certificates      names and purposes                     own_certificates     ours: key, names, dates
roots             authorities by class of link           revocation           lists of what is revoked
openssl           the one setting that Python lacks
"""
