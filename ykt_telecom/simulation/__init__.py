"""The whole installation on virtual time, with faults from a seed; proves the rules that money stands on."""
