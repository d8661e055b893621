"""The drawn world that `make demo` searches: short videos, free to copy, with their truth."""
