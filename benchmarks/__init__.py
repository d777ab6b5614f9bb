"""What the design claims in figures, measured again: each printed as a ratio to something measured in the same run."""
