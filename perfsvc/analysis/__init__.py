"""Measurements in the form of the API: reports, live frames, estimates. No I/O.

===================  ======================================================
``report``           the report of a run
``breakdown``        its parts by step and error class
``nodes``            its nodes: shares, figures, losses
``latency_buckets``  latencies by round limits
``warnings``         its warnings
``blocks``           groups of figures that several responses share
``live_frames``      frame of each second in a live feed
``warm_up_block``    the warm-up in reports and feeds
``run_frame``        first frame of a live feed
``unfit``            seconds in which the generator was not fit
``search_frames``    frames of searches and adaptive load
``step_tree``        steps as a tree in document order
``curve``            planned load as a line of points
``plan_estimate``    expected iterations, requests and users of a plan
``plan_warnings``    warnings about a plan, known before its run
``window_views``     figures and distributions of any time of a run
``step_points``      points of steps over time
``step_columns``     a step over time, as lists
===================  ======================================================
"""
