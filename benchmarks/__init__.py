"""What batchtui costs, each figure beside a named peer in the same run.

`python -m benchmarks [NAME …] [--quick]` runs all benchmarks or some; each is a module here whose `run`
returns rows of figures. `make peers` installs the programs beside which it measures. `make bench` runs all
of them and writes RESULTS.md; it wants a quiet machine for a quarter of an hour and several GB of temporary
space. `--save NAME …` renews only the sections of these names. Only Linux: figures of processes are read
from /proc.
"""
