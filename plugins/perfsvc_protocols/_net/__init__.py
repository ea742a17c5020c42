"""What protocols share: from what users write to bytes, and from a URL to a connection.

==================  ==============================================================
``address``         URLs of HTTP and WebSocket
``headers``         names of headers
``endpoint``        ``tcp://host:port`` and the like
``pieces payload``  templates as bytes; text, hexadecimal, Base64 and JSON with them
``message session`` requests and replies that are plain bytes, and who makes them
``pattern``         regular expressions of users, within a time limit
==================  ==============================================================
"""
