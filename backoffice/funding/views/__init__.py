"""The pages of funding: lists, forms, one operation, who funded what."""
