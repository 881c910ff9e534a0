"""Where work is computed: in this process, in processes of this computer, or on a Dask cluster.

A task is one call of a function by its name. A place takes tasks and gives back an `Outcome` each; a worker that dies costs
the task that it computed one try, and no other. Sweeps and analyses of studies both run here; who remembers what is done is
theirs: the ledger of a sweep, the store of a study.
"""
