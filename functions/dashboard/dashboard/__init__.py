"""The dashboard's pages: one module a page, each with its forms; templates lie beside them."""
