"""Adaptive load: holds a metric at its target.

=================  ===============================================================
``controller``     the controller: level for each second, result at the end
``regulator``      control law, on logarithms
``target_metric``  the metric and its distance from the target
``estimator``      mean of the readings at a level, and its uncertainty
``elasticity``     how strongly the metric changes with load
``capacity``       throughput limit of the target, from its overloads
``bracket``        neighbouring levels, one too low, one too high
``ceiling``        levels that were too much
``outage``         detects a target that stopped replying
``hold_summary``   result of the hold, and the trace
=================  ===============================================================
"""
