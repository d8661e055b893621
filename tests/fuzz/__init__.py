"""Damaged videos through a whole ingest: `python -m tests.fuzz`, or `make fuzz`."""
