"""Runs on many processes, carried by Dask.distributed: a scheduler in this process, an agent in each other one.

Only ``hub`` and ``agent`` import Dask, when a run needs it: that takes 0.4 s and 36 MB, which a run in this process
does not need.
"""
