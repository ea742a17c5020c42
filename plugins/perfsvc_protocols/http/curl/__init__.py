"""HTTP/3, proxies and whatever else libcurl does and our own client does not.

============  ==========================================================
``support``   which steps need libcurl, and what this libcurl can do
``driver``    libcurl's multi interface on the event loop
``settings``  what is the same for all requests of a run
``handle``    one user's requests as libcurl takes them
``session``   one user
``failures``  libcurl's errors as error classes
============  ==========================================================
"""
