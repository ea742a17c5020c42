"""HTTP/2 by our own client, with one request at a time on each connection.

==============  =======================================================
``frames``      what frames look like, and what we tell a server first
``encoding``    requests as header blocks
``decoding``    header blocks as heads of replies
``sending``     bodies on their way within the windows of the server
``link``        what concerns a connection as a whole
``connection``  carrying requests over a connection
``session``     one user
==============  =======================================================
"""
