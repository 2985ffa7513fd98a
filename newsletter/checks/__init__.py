"""What is looked at before an issue goes out. A check is a pure function over a proof; a family of them is a file."""
