"""The load engine of one node: users that send requests, and what they measured, once a second.

====================  ===============================================================================================
``engine``            one node's part of a run, from compile to its last snapshot
``executors``         when iterations start: closed and open model
``pacing``            load and arrivals as functions of profile time
``profile_clock``     time of a run without its pauses
``ticker``            calls the engine at fixed moments; lag of the event loop
``lease``             how long the load may go on without the controller
``outcome``           the end of a node's part, with the first error
``share``             a node's part of users, arrivals and iterations
``virtual_user``      one simulated client as a state machine
``user_pool``         active, held and leaving users of one node
``setup_teardown``    steps that run once per run
``compiled``          scenes and protocols of a run, compiled
``protocol_options``  options of protocols, completed by the certificates of the environment
``program``           compiler of scenes to lists of instructions
``instructions``      the instructions
``meetings``          rendezvous: users that wait for each other
``checks``            checks as functions of a reply
``extractors``        extractors as functions of a reply
``reply_values``      JSON documents, patterns and paths for both
``pattern_time``      how long patterns of users may hold the loop
``pages``             HTML and XML bodies looked through by XPath and CSS
``selector_faults``   what is wrong with an XPath or a CSS selector
``bounded_work``      a thread for work that could take for ever
``failure_texts``     failures of requests in words
``failure_details``   details of failures in Chinese
``findings``          what was found instead, in words
``explanation``       why a request failed that got its reply
``scene_validation``  problems of a scene before it is run
``scene_trial``       a scene tried once, without load
``operations``        operations that a target offers
``trial_reading``     checks and extractors of a trial, off the loop
``kept_reply``        a copy of a reply
``trial_report``      what a trial keeps of each step, bounded and masked
``faults``            problems collected by their paths
``row_buffer``        rows of test data, claimed shortly before use
``row_supply``        requests for rows to the run's allocator
``snapshots``         snapshots from what was measured since the last one
``error_samples``     failed requests counted, with examples; log with a limit
``masking``           secrets out of samples
``probe``             the generator's own load and lag
``process_sampler``   CPU and lag of this process, for all who show them
``resolver``          names to addresses, and where load may go
``files``             files that a run may send
``scene_draw``        which scene comes next
``used_names``        variables used by a run that no source provides
====================  ===============================================================================================
"""
