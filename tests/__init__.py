"""Mirrors the tree; flow/ joins everything in memory, interop/ drives third-party programs."""
