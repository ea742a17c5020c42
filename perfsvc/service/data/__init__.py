"""Data files and the data sources of plans.

==================  ==================================================================
``datafiles``       data files of projects: upload, preview, replacement, deletion
``file_store``      files on disk under generated names, and uploads
``project_data``    data sources of stored plans
``plan_file_data``  data sources of plan files
``preview``         the first rows of a data source, redacted
``sqlite_files``    SQLite files that connections may use
==================  ==================================================================
"""
