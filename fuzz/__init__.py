"""A seeded mutation fuzzer over every public decoder: `python -m fuzz --count N [--seed S] [--only NAME]`."""
