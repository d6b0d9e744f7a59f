container_test(base-image NAME x EXPECT_EXIT zero)
