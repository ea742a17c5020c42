"""HTTP/2 (RFC 9113) by a client of our own, one stream at a time on each connection.

======================  ===================================================
``frames``              layout of frames, constants, the connection preface
``encoding``            request heads to header blocks
``header_block``        HEADERS and CONTINUATION frames to header blocks
``decoding``            header blocks to reply heads
``sending``             request bodies within the flow-control windows
``connection_control``  settings, flow control, PING, GOAWAY
``connection``          requests and replies as streams
``session``             session of one user
======================  ===================================================
"""
