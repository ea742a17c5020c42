"""Storage of plans, runs and measurements: SQLite, MySQL or MariaDB behind one asynchronous facade.

=================  ========================================================================
``database``       the facade: bounded, timed, error-translating execution of units of work
``backends``       connections and threads for SQLite and for MySQL or MariaDB
``address``        database URLs
``binding``        the database of the current unit of work
``migrations``     numbered steps from an older schema to the current one
``tables``         columns as Peewee knows them
``fields``         column types, and the validation of values
``rows``           helpers for queries
``users``          users and refresh tokens
``api_tokens``     tokens for programs
``projects``       projects and members
``envs``           environments
``scenes``         scenes
``datafiles``      data files
``uses``           which plans and scenes use a thing
``plans``          plans with their scenes and config
``data_settings``  settings of test data that read a data file
``plan_config``    a plan config to a row and back
``presets``        presets
``executions``     runs: state, spec, end
``pins``           notes at times of runs
``run_list``       runs with names and outcomes, filtered and ordered
``windows``        queries of the snapshots of runs
``window_rows``    their rows: documents and packed windows
``window_keys``    keys of these rows, and their periods
``rollup``         seconds of runs aggregated to wider spans, each step on its own
``errors_seen``    error samples of runs
``reports``        reports
``run_bounds``     the beginning and the end of a run, each stored in one transaction
``recorder``       batches of snapshots and errors, written once a second
``spool``          snapshots on disk while the database is away
``drained_nodes``  names of nodes that get no load
``sealing``        documents whose secrets are in plain text, replaced by sealed ones
``service_lock``   one service per database
``distributions``  the stored spans that cover a time of a run
``window_blob``    windows of a span as they are stored
=================  ========================================================================
"""
