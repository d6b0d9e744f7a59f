container_test(base-image NAME x RUN_CTEST)
