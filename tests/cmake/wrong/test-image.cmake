container_test(other NAME x)
