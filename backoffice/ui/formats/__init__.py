"""How figures are written in a language, where Django's own way would change what a figure says."""
