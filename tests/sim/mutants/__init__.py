"""Bugs planted one at a time, and the command that shows that the simulation catches each."""
