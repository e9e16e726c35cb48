"""What made the data, the features and the weights under data/, a script a file."""
