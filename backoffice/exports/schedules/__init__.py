"""Files made every day or month: due, built as long exports are, delivered, made good where they were missed."""
