"""Runs: starting, steering, following, recording and recovering them."""
