"""Built-in protocols. Each is declared in ``setup.py`` like a third party's plugin.

=============  =================================================================================
``http``       HTTP/1.1 and HTTP/2 by a client of our own; HTTP/3, proxies and digest by libcurl
``websocket``  WebSocket
``grpc``       gRPC
``tcp``        TCP with framing
``udp``        UDP
``_net``       shared parts: URLs, byte templates, payloads
=============  =================================================================================
"""
