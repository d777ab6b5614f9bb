"""What the program costs: measured beside something else in the same run, and compared between two commits."""
