"""Where plans, runs and what was measured are kept: SQLite, MySQL or MariaDB behind one asynchronous facade."""
