"""One file an upstream, and the catalog that lists them. An adapter translates and nothing else."""
