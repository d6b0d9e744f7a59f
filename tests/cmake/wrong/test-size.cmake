container_test(base-image NAME x SIZE_BUDGET much)
