"""Test mode ``error_rate``: the search for the breaking point."""
