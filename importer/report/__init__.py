"""What people and scripts read when a command is over: the summary, the problems, the rejects, the progress line."""
