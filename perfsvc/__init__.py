"""A self-hosted performance-testing platform in one process. ``docs/architecture.md`` has the layers and the words.

================  ==========================================================
``cli``           commands, plan loading, progress, summary, headless runs
``app``           the composition root of the service
``web``           REST API, live feed, files of the web UI
``service``       use cases
``cluster``       where engines run: this process, or agents
``engine``        load engine of one node
``load_control``  what moves the load of a run, a folder per test mode
``datafeed``      rows of test data
``analysis``      reports, comparison and live frames
``store``         tables, migrations, repositories
``metrics``       histograms, series, thresholds, validity, score
``plugin``        public interface for plugins
``model``         specs; no I/O
``settings``      settings from defaults, file, environment and flags
``errors``        every error raised on purpose, in two languages
``clock``         time, injected
``event_loop``    the event loop, and the signals that end it
``file_lock``     locks on files that end with their process
``temp_folders``  temporary folders, swept after killed processes
================  ==========================================================
"""

__version__ = "0.1.0"
