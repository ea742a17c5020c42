"""Endpoints of the REST API and the live feed: one file per resource, its response models beside its handlers.

================  ===================================================================
``about``         version and features of this installation
``users``         registration, sessions, profiles, administration of users
``api_tokens``    the caller's own tokens for programs
``projects``      projects and their members
``project_files`` a project as one YAML file
``envs``          environments
``scenes``        scenes
``datafiles``     data files: upload, preview, replacement
``data_preview``  first rows of any data source
``plans``         plans
``plan_preview``  what an unsaved plan would do
``trials``        trials of a scene
``presets``       presets
``runs``          start, stop, pause, resume of a plan
``run_query``     query parameters of lists of runs
``executions``    lists of runs, one run, its errors, load and metrics
``pins``          notes at times of a run
``live``          live feed of a run (WebSocket)
``reports``       reports
``plugins``       loaded protocols and data sources
``nodes``         nodes and draining
``health``        health check and Prometheus metrics
``run_windows``   any time of a run: figures, percentiles, heat map, series
``demo``          one call from nothing to plans that can be started
``live_models``   the frames of a live feed as models
``report_parts``  the parts of a report as models
``request_counts``  the counts of requests as the API describes them
``schemas``       JSON Schemas of scenes and plans, and the words that templates know
================  ===================================================================
"""
