"""Many fits: tasks as plain data, one call on worker processes or a cluster, results on disk."""
