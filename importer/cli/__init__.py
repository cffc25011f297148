"""The command line: parses, wires, prints, exits. Everything else is imported only once a command is known."""
