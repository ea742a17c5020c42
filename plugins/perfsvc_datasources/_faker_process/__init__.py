"""A process of its own that invents values: Faker takes its time, which is not the engine's.

===============  ==========================================================
``__main__``     the process: a request on its input, values on its output
``calls``        which of Faker's methods may be called, and how
``pattern``      texts that match a regular expression
===============  ==========================================================

Imports little, so that the process is there at once.
"""
