"""How the models of ``configs/models`` came to be, and come to be again; not part of what is installed."""
