"""Transport by libcurl: HTTP/3, proxies, digest authentication, connections shared by users.

=============  ====================================================================
``support``    which steps need libcurl, and what the installed one can do
``transport``  the transport of a run
``driver``     libcurl's multi interface on the event loop
``settings``   options common to all requests of a run, and addresses to connect to
``handle``     requests of one user as options of a handle
``session``    session of one user
``reply``      reply from header lines and an unframed body
``failures``   libcurl's errors as error classes
=============  ====================================================================
"""
