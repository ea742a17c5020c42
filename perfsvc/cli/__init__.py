"""The command line.

``commands``         the parser, the table of commands, errors and the language of messages
``serve``            ``perfsvc serve``
``run``              ``perfsvc run``
``check``            ``perfsvc check``
``try_plan``         ``perfsvc try``
``trial_lines``      the steps of a trial as text
``worker``           ``perfsvc worker``
``certs``            ``perfsvc certs``
``plugins``          ``perfsvc plugins``
``users``            ``perfsvc users``
``catalogue``        help, and argparse's own messages, in both languages
``command_parser``   the parser of one command
``exit_codes``       the exit codes of all commands
``plan_flags``       the flags that commands about plans share
``plan_loader``      a plan from a URL or a file, with the flags applied
``plan_contents``    data files of a project file
``plan_document``    plan files as text and document
``plan_source``      a plan as it was given, and what set what
``plan_places``      line and column of a path in the text of a plan
``plan_validation``  validation of a plan without a load
``all_problems``     all problems of a plan in one round
``outside``          values from outside the plan
``headless``         one run in this process, without server and store
``progress``         progress during a run: lines rewritten at a terminal, appended elsewhere
``live_lines``       lines that are rewritten in place
``search_progress``  the standing of a search while it runs
``summary``          the summary at the end of a run
``summary_tables``   its tables
``search_summary``   the part of the summary about searches and adaptive load
``labels``           labels that progress and summary share
``tables``           tables and texts on standard output
``encoding``         output in encodings that lack some characters
``closed_output``    output whose reader has gone
``json_output``      JSON to a file or to standard output
"""
