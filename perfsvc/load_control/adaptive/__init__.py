"""Test mode ``adaptive``: a closed loop that holds a target metric."""
