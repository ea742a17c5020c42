"""Frozen specs that every layer uses: what is asked for, what is run, what is measured. No I/O.

==================  ============================================================================================
``base``            base class of specs; validation of documents
``beginning``       the beginning of a large document, for its first errors
``problems``        validation errors as messages in both languages
``scene``           scenes and steps
``checks``          checks: conditions on a reply
``extractors``      extractors: values from a reply into variables
``think_time``      think times
``reply_parts``     parts of a reply that checks and extractors need
``template``        texts with ``{{name}}``, compiled
``functions``       functions in templates
``file_fields``     fields that name data files, as the schemas of plugins say
``jsonpath``        JSONPath, compiled
``jmespath``        JMESPath, compiled once and bounded
``jsonschema``      JSON Schemas of users, compiled once
``user_pattern``    regular expressions from users, bounded
``pattern_faults``  what is wrong with a regular expression
``syntax_faults``   what is wrong with an expression: place, reason, what to do
``config``          a plan's config, in the words of the API and the tables
``certificates``    certificates of an environment
``planfile``        a plan in a file
``project_file``    a project in a file
``plan_text``       such files as YAML or JSON
``text_faults``     where such a file is neither, why, and what to do
``json_faults``     the same of JSON
``toml_faults``     the same of TOML
``text_place``      a fault at a place of a text; reasons that all of these share
``threshold``       grammar of thresholds
``load``            load profiles
``profile``         a plan's config to its load profile
``data``            test data and the allocation of its rows
``placement``       which processes carry out a run
``run``             lifecycle of a run; RunSpec
``run_spec``        a plan's config to its RunSpec
``execution``       runs as they are stored and listed, and filters
``test_mode``       test modes
``window``          windows and snapshots: what a node measured in a second
``node``            engine processes and their events
``node_timeouts``   how long a node or a controller may be silent
``entities``        what the store keeps
``duration``        one grammar for durations
``size``            the grammar of sizes
``rate``            the grammar of rates
``labels``          the values of enumerations in words, Chinese and English, for forms
``listing``         which rows of a listing, and in which order
``translations``    the Chinese of descriptions in JSON Schemas
``known_keys``     unknown keys: the one that was meant, or where it belongs
``signing``           variables of the texts that sign a request
``tls_texts``       what causes of TLS errors mean
``nearest``         the known word that was probably meant
``usernames``       when two user names are the same
``value_template``  JSON values whose strings may hold templates
``worded``          texts of a form that messages state in words, not as a pattern
``variable_name``   names of variables, which templates, extractors, environments and columns of test data share
==================  ============================================================================================
"""
