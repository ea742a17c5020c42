"""A process that makes values with Faker, so that the engine's process is not slowed down. ``__main__`` is the process.

Few imports, so that it starts quickly.

===========  =========================================================
``calls``    which of Faker's methods are allowed, and their arguments
``pattern``  texts that match a regular expression
===========  =========================================================
"""
