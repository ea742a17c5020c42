"""Use cases: what users do with the service. No HTTP here and no SQL.

==================  ========================================================================
``auth``            users, sessions, tokens and roles
``data``            data files and the data sources of plans
``runs``            runs: start, control, outputs, live feed, recovery
``projects``        projects and their members
``project_files``   a project as one YAML file
``project_document`` what a project has, as the document of that file
``project_import``  takes the parts of such a file over into a project
``import_needs``    variables and base URL that an imported scene misses in its new project
``envs``            environments and their database connections
``certificates``    certificates of environments, read and sealed
``scenes``          scenes, validated as a run would compile them
``plans``           plans
``plan_preview``    what an unsaved plan would do, and what is wrong with it
``trials``          trials of a scene with one user
``presets``         configs saved under a name
``reports``         stored reports
``nodes``           engine processes with their recent history
``self_check``      problems of the service itself, for /healthz
``plugins``         what plugins bring, for the API
``services``        all services together, for the web layer
``fields``          field types that several forms share
``partial_update``  the base of partial updates
``demo``            a project that shows what can be done, against the demo target
``editing``         optimistic concurrency
``plain_secrets``   secrets in plain text of earlier versions, sealed at the start
``file_readings``   how plans and presets read data files, and which files may be given away
``plan_secrets``    secrets in configs of plans and presets
``scene_secrets``   secrets in requests of scenes
``schemas``         JSON Schemas of what scenes and plans are made of, under names that stay
``secrets``         secrets of users
==================  ========================================================================
"""
