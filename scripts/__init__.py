"""What people run around the product: crash tests, comparisons, captures."""
