"""A module for each verb of the command line, usable without it; and what the verbs share."""
