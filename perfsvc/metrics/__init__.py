"""From samples to verdict: histograms, windows and their merge, series, thresholds, validity, score. No I/O.

=================  =======================================================
``histogram``      latency histograms that merge exactly
``recorder``       samples of one step, folded into a window each second
``totals``         totals: what is counted, and how windows add up
``run_metrics``    the run: snapshots of all nodes merged
``warm_up``        the first seconds, which are in no total
``pauses``         when the run was paused
``deduplication``  each snapshot counted once
``watermark``      when a second is complete
``node_state``     nodes of a run after its events: share, lost or left
``point``          one span of a run's series
``series``         the run over time, at several resolutions
``step_series``    the first steps over time
``node_series``    one node over time
``figures``        rates and latencies as users read them; a closed second
``thresholds``     breaches while the run goes on, verdict at its end
``validity``       whether the generator was fit to measure
``score``          performance score with its parts
``span``           what nodes did during a span, in a form that adds up
``window_sum``     windows added up to one
``step_summary``   what a step did in a stored span, in figures
``packed_times``   figures of many packed histograms at once
=================  =======================================================
"""
