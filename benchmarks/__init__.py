"""What `make bench` runs: each module measures one promise, ours beside a reference.

A benchmark is a module with `measure() -> list[Ratio]`; its first lines say what it measures, and
how. Both sides run in turns on the same machine, and their ratio is the result: absolute times are
for this machine alone.
"""
