"""What can be measured: a module per scenario; what its workers run is in `workloads`.

`table` lists them and `base` says what one is; `scaling` and `reports` are what several share.
"""
