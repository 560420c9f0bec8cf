"""The demo: platform, SMSC simulator, simulated SIMs and handsets in one process, joined by real loopback SMPP.

Wiring (floor 4): the one place where the card and the platform are in sight of each other.
"""
