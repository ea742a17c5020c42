"""Test mode ``step``: levels in turn, and the knee of the curve."""
