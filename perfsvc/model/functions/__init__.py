"""Functions in templates: ``{{$name(argument, …)}}``.

=================  ============================================================
``function``       ``Function``, the base class, and how values are converted
``expression``     the grammar: variables, texts, numbers, calls
``compiler``       an expression compiled to a constant or to a function
``library``        functions by name, and their objects for one run
``signed_inputs``  inputs of signatures, for trials
``families``       the list of built-in functions
``digests``        md5, sha256, hmac …
``texts``          encodings and changes of texts
``dates``          dates and timestamps
``random_values``  random values
``fakes``          values that Faker makes
``counters``       counters, and what a user is
``tokens``         signed tokens
``rsa``            signatures and encryption with RSA keys
=================  ============================================================
"""
