"""Parts that protocols share: from what users write to bytes, and from a URL to an endpoint.

=================  =========================================================
``address``        HTTP and WebSocket URLs
``headers``        names of headers
``chunked``        chunked bodies, for excerpts
``cookies``        cookie jar of a user
``endpoint``       ``tcp://host:port`` and the like
``byte_template``  templates compiled to bytes
``payload``        payloads: text, hexadecimal, Base64, JSON
``message``        requests and replies that are plain bytes
``session``        base class of TCP and UDP sessions
``pattern``        regular expressions of users, with a time limit
``json_template``  JSON documents whose strings may hold templates, as bytes
=================  =========================================================
"""
