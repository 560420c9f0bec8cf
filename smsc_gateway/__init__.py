"""SMPP at both ends: the ESME link that operators trust and the SMSC simulator that testers want."""
