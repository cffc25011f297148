"""The commands without the command line: a module for each verb, and the doors that several of them open."""
