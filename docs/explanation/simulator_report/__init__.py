"""Measure the simulator and write the numbers and figures of `docs/explanation/simulator.md`."""
