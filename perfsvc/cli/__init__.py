"""The command line: commands, plan loading, progress, summary and runs without a server."""
