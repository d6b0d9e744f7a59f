container_test(base-image NAME x COMMAND a EXPECT_OUTPT "1")
