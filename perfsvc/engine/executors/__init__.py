"""Executors: when iterations start, in the closed and in the open model.

==============  ==================================================================================
``base``        what both have in common: profile, shares, counters
``closed``      a number of users, each starting again when it has ended
``open``        one iteration per arrival, from a bounded pool of users
``idle_users``  users of an open load that wait for their next arrival, by the scene that they run
==============  ==================================================================================
"""
