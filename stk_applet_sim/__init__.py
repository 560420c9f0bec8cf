"""A simulated UICC with the one-card applet, and the handset that runs its proactive session."""
