"""Built-in data sources. Each is declared in ``setup.py`` like a third party's plugin.

==================  ============================================
``csv``             text files
``pool``            rows written into the plan
``generator``       invented rows
``database``        rows of a query
``api``             rows of a JSON endpoint
``_blocks``         base class of feeds that make rows in blocks
``_columns``        column names, and records to rows
``_faker_process``  Faker in a process of its own
==================  ============================================
"""
