"""How `nodes.json` is made (see `SOURCES.md`); the simulator only reads the file."""
