"""How screens are built: listings, columns, filters, keyset pages, display values, htmx. Holds no models."""
