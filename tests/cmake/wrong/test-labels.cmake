container_test(base-image NAME x LABELS unit)
