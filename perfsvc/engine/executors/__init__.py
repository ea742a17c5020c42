"""Executors: when iterations start, in the closed and in the open model."""
