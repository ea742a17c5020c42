"""Runs: start, control, outputs, live feed, recovery.

====================  ==============================================================
``manager``           the active runs of this process, and access to ended ones
``opening``           from a plan to a compiled run; shared with the command line
``rows_for_users``    whether test data has a row for every user that keeps one
``start_form``        variables that a start brings
``run``               one run: lifecycle, metrics, thresholds, load control, outputs
``node_losses``       shares of nodes, losses, and the load missing by them
``events``            the events of a run
``alarms``            changes of thresholds and validity, as events
``store_output``      stores a run
``live_output``       turns a run into frames
``live_feed``         frames to every viewer
``frame_log``         the frames of the last hour, for viewers that reconnect
``ended_feed``        the feed of an ended run
``ended_runs``        the measurement of ended runs, from rolled-up spans
``run_list``          listings of runs
``startup_recovery``  what a start takes up from earlier ones
``recovery``          the end and the report of runs that a crash interrupted
``stored_metrics``    the metrics of a run from its stored rows
``live_rollup``       stored seconds rolled up while the run goes on
``run_windows``       any time of a run in figures
``run_time``          the stored and the measured time of a run
``grid``              points over a time of a run
``step_points``       steps at the points of a grid
``pins``              notes at times of runs
====================  ==============================================================
"""
