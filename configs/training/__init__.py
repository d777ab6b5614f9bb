"""Scripts that train and measure the models of ``configs/models``. They are not installed."""
