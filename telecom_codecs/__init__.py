"""Octets and values of the formats that card, handset, SMSC and platform share.

Floor 0: nothing here reads a clock, draws a random number, opens a file or logs.
Every format is declared once and used both ways; every decoder raises only
:class:`telecom_codecs.errors.CodecError`.
"""
