#[=======================================================================[.rst:
container_test
--------------

::

  container_test(<image target> NAME <test> [COMMAND <arg>...] [EXPECT_OUTPUT <regex>]
                 [EXPECT_EXIT <n>] [LINK_CHECK])

Adds CTest tests with the label ``container``. ``COMMAND`` runs the image, as ``docker run <image>
<arg>...`` would; ``LINK_CHECK`` asks that every program in it finds its libraries there. With both,
the second test is called ``<test>.links``. The image is built first, by the fixture
``<image target>.build``, so that `ctest -L container` is enough. A host that cannot run containers
skips them (exit code 77).
#]=======================================================================]
function(container_test target)
  _slipway_parse("${target}" 1 "LINK_CHECK;RUN_CTEST" "NAME;EXPECT_OUTPUT;EXPECT_EXIT"
    "COMMAND;LABELS")
  if(NOT TARGET "${target}")
    _slipway_fail("does not know the image '${target}'." "Call add_container_image(${target}) first.")
  endif()
  get_property(layout TARGET "${target}" PROPERTY SLIPWAY_LAYOUT)
  if(NOT layout)
    _slipway_fail("names '${target}', which is no image." "Images come from add_container_image().")
  elseif(arg_RUN_CTEST OR DEFINED arg_LABELS)
    _slipway_fail("asks for RUN_CTEST, which this version of Slipway does not serve yet."
      "Run the project's tests before the image is made: add_container_image(... TEST_GATE ON).")
  elseif(NOT DEFINED arg_NAME)
    _slipway_fail("has no NAME." "Try: container_test(${target} NAME ${target}.starts)")
  elseif(DEFINED arg_EXPECT_EXIT AND NOT arg_EXPECT_EXIT MATCHES "^[0-9]+$")
    _slipway_fail("has '${arg_EXPECT_EXIT}' as EXPECT_EXIT." "It takes a number like 0.")
  endif()

  # Tests of a subdirectory are seen by ctest only when the directories above have testing, too.
  enable_testing()
  cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}" CALL enable_testing)
  if(NOT TEST "${target}.build")
    add_test(NAME "${target}.build" COMMAND sh -c
      "\"$0\" doctor >/dev/null 2>&1; [ $? != 3 ] || { \"$0\" doctor; exit 77; }; exec \"$@\""
      "$<TARGET_FILE:Slipway::slipway>" "${CMAKE_COMMAND}" --build "${CMAKE_BINARY_DIR}"
      --target "${target}" --config "$<CONFIG>")
    set_tests_properties("${target}.build" PROPERTIES LABELS container SKIP_RETURN_CODE 77
      FIXTURES_SETUP "slipway:${target}" RESOURCE_LOCK "slipway:${CMAKE_BINARY_DIR}")
  endif()

  set(tests "")
  set(image "oci:${layout}")
  if(DEFINED arg_COMMAND OR DEFINED arg_EXPECT_OUTPUT OR DEFINED arg_EXPECT_EXIT
      OR NOT arg_LINK_CHECK)
    set(expect "")
    if(DEFINED arg_EXPECT_OUTPUT)
      list(APPEND expect --expect-output "${arg_EXPECT_OUTPUT}")
    endif()
    if(NOT DEFINED arg_EXPECT_EXIT)
      set(arg_EXPECT_EXIT 0)
    endif()
    add_test(NAME "${arg_NAME}" COMMAND Slipway::slipway run ${expect}
      --expect-exit ${arg_EXPECT_EXIT} "${image}" ${arg_COMMAND})
    list(APPEND tests "${arg_NAME}")
  endif()
  if(arg_LINK_CHECK)
    set(name "${arg_NAME}")
    if(tests)
      string(APPEND name ".links")
    endif()
    add_test(NAME "${name}" COMMAND Slipway::slipway test --link-check "${image}")
    list(APPEND tests "${name}")
  endif()
  set_tests_properties(${tests} PROPERTIES LABELS container SKIP_RETURN_CODE 77
    FIXTURES_REQUIRED "slipway:${target}")
endfunction()
