"""`ykt packet`: secured packets from the command line — ETSI TS 102 225, 3GPP TS 31.115."""
