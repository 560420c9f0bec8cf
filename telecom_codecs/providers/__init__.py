"""Crypto providers: the only modules of the codecs that import a crypto library (floor 2 by exception).

Import the one you want by its module, so that the other library need not be installed.
"""
