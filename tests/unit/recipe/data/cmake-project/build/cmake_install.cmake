# The configured tree of a test; only its presence counts.
