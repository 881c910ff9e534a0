"""What the readers share: opening a file, rows and columns, clocks and units, and the Datasets made of them. No formats."""
