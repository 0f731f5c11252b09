"""The HTTP edge: authentication, validation, the one error shape, headers and logs."""
