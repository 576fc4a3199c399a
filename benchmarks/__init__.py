"""What batchtui costs, each figure beside a named peer in the same run.

`python -m benchmarks [NAME …] [--quick]` runs all benchmarks or some; each is a module here whose `run`
answers rows of figures. A full run writes RESULTS.md. Only Linux: figures of processes are read from /proc.
"""
