"""Data files and the test data of projects and plan files."""
