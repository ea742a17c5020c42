"""The load engine: pacing, virtual users, and one node's part of a run."""
