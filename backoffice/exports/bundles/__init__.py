"""The log with its seals and keys as one zip, to be checked elsewhere, without this product."""
