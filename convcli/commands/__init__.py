"""One file a command: read, compute, show. No arithmetic here."""
