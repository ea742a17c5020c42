"""Rows for virtual users: sources, cache, spool on disk, ordering and allocation over nodes."""
