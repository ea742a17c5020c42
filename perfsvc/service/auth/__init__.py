"""Users, sessions, tokens, roles and secrets.

==================  ==============================================
``accounts``        users and their passwords
``sessions``        login, token refresh, logout
``identity``        the user of a request, and what its token allows
``api_tokens``      tokens for programs
``tokens``          JSON Web Tokens
``access``          roles in projects
``passwords``       hashing and verification of passwords
``throttle``        rate limits for login attempts
``secret_key``      the key that signs tokens and encrypts secrets
``vault``           derived keys, and encryption of stored secrets
``account_tool``    accounts for the command line
``weak_passwords``  passwords that are guessed first
==================  ==============================================
"""
