"""Users, sessions, passwords, tokens, permissions and sealed secrets."""
