#[=======================================================================[.rst:
container_test
--------------

::

  container_test(<image target> NAME <test> [COMMAND <arg>...] [EXPECT_OUTPUT <regex>]
                 [EXPECT_EXIT <n>] [LINK_CHECK] [SIZE_BUDGET <bytes>]
                 [RUN_CTEST [LABELS <label>...]])

Adds CTest tests with the label ``container``. ``COMMAND`` runs the image, as ``docker run <image>
<arg>...`` would; ``LINK_CHECK`` asks that every program in it finds its libraries there, in the
versions that it was linked to, and that the script it starts with, if it is one, finds its
interpreter (other scripts without theirs are warned of); ``SIZE_BUDGET`` (``20MB``,
``20MiB`` or bytes) that the files in it are not larger. With several of them, those tests are called
``<test>``, ``<test>.links`` and ``<test>.size``. The image is built first, by the fixture
``<image target>.build``, so that `ctest -L container` is enough. A host that cannot run containers
skips them (exit code 77).

``RUN_CTEST`` runs the project's own tests in the image, each as ``<test>.<its name>``: all that the
build tree has when ctest starts, or those with one of the ``LABELS``, but for tests of images. Such a
test sees the files of the image, read-only; the source tree, read-only; the build tree, as an overlay
in which it may write and which is as it was for the next one; an empty ``/tmp``; no network; and
nothing else of this machine. So its program is the one that was built, and the libraries it needs are
those of the image: it fails when the image lacks one. Libraries of the project itself are taken from
where the image has them installed. It runs as user 0, which is who calls ctest. Its environment,
working directory, labels, time limit, regular expressions, locks, dependencies and fixtures are kept;
REQUIRED_FILES, TIMEOUT_AFTER_MATCH and RESOURCE_GROUPS are not. What must be built is built first, by
``<test>.build``.
#]=======================================================================]
function(container_test target)
  _slipway_parse("${target}" 1 "LINK_CHECK;RUN_CTEST" "NAME;EXPECT_OUTPUT;EXPECT_EXIT;SIZE_BUDGET"
    "COMMAND;LABELS")
  if(NOT TARGET "${target}")
    _slipway_fail("does not know the image '${target}'." "Call add_container_image(${target}) first.")
  endif()
  get_property(layout TARGET "${target}" PROPERTY SLIPWAY_LAYOUT)
  if(NOT layout)
    _slipway_fail("names '${target}', which is no image." "Images come from add_container_image().")
  elseif(DEFINED arg_LABELS AND NOT arg_RUN_CTEST)
    _slipway_fail("has LABELS without RUN_CTEST." "LABELS chooses the tests that RUN_CTEST runs.")
  elseif(NOT DEFINED arg_NAME)
    _slipway_fail("has no NAME." "Try: container_test(${target} NAME ${target}.starts)")
  elseif(DEFINED arg_EXPECT_EXIT AND NOT arg_EXPECT_EXIT MATCHES "^[0-9]+$")
    _slipway_fail("has '${arg_EXPECT_EXIT}' as EXPECT_EXIT." "It takes a number like 0.")
  endif()

  _slipway_check_form(SIZE_BUDGET "^[0-9]+([.][0-9]+)?([kKMGT]i?)?[bB]?$" "20MB or 20MiB")

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
      OR NOT (arg_LINK_CHECK OR arg_RUN_CTEST OR DEFINED arg_SIZE_BUDGET))
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
  if(DEFINED arg_SIZE_BUDGET)
    set(name "${arg_NAME}")
    if(tests)
      string(APPEND name ".size")
    endif()
    add_test(NAME "${name}" COMMAND Slipway::slipway test --size-budget "${arg_SIZE_BUDGET}"
      "${image}")
    list(APPEND tests "${name}")
  endif()
  if(arg_RUN_CTEST)
    _slipway_run_ctest("${target}" "${image}")
  endif()
  if(tests)
    set_tests_properties(${tests} PROPERTIES LABELS container SKIP_RETURN_CODE 77
      FIXTURES_REQUIRED "slipway:${target}")
  endif()
endfunction()

# Which tests there are is known when they were all added, and of some kinds when they are built: so
# the list is made whenever ctest starts, and once more behind the build.
function(_slipway_run_ctest target image)
  set(state "${CMAKE_BINARY_DIR}/CMakeFiles/slipway/${arg_NAME}")
  list(TRANSFORM arg_LABELS PREPEND "--label=" OUTPUT_VARIABLE labels)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    set(libraries "${CMAKE_INSTALL_LIBDIR}")
  else()
    get_property(prefix TARGET "${target}" PROPERTY SLIPWAY_PREFIX)
    if(NOT prefix)
      set(prefix "${CMAKE_INSTALL_PREFIX}")
    endif()
    set(libraries "${prefix}/lib")
    if(CMAKE_INSTALL_LIBDIR)
      set(libraries "${prefix}/${CMAKE_INSTALL_LIBDIR}")
    endif()
  endif()
  get_property(multi GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  set(suffix "")
  if(multi)
    set(suffix "-$<CONFIG>")
  endif()
  set(slipway_ctest_list "${state}.tests${suffix}.json")
  set(code "# Written by CMake; changes are lost.\n")
  foreach(pair "ctest:${CMAKE_CTEST_COMMAND}" "tree:${CMAKE_BINARY_DIR}" "config:$<CONFIG>"
      "list:${slipway_ctest_list}" "rows:${state}.rows${suffix}.cmake")
    string(REGEX MATCH "^([a-z]*):(.*)$" pair "${pair}")
    string(APPEND code "set(slipway_${CMAKE_MATCH_1} [==[${CMAKE_MATCH_2}]==])\n")
  endforeach()
  set(command "$<TARGET_FILE:Slipway::slipway>" test --ctest "${slipway_ctest_list}"
    --tree "${CMAKE_BINARY_DIR}" --source "${CMAKE_SOURCE_DIR}" --library-dir "${libraries}"
    --name "${arg_NAME}" ${labels} "${image}")
  string(APPEND code "set(slipway_command [==[${command}]==])\n"
    "include([==[${CMAKE_CURRENT_FUNCTION_LIST_DIR}/SlipwayTestList.cmake]==])\n")
  file(GENERATE OUTPUT "${state}.include${suffix}.cmake" CONTENT "${code}")
  set(include "${state}.include.cmake")
  if(multi)
    set(include "${state}.configs.cmake")
    file(WRITE "${include}" "include(\"${state}.include-\${CTEST_CONFIGURATION_TYPE}.cmake\" OPTIONAL)\n")
  endif()
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${include}")
  add_test(NAME "${arg_NAME}.build" COMMAND "${CMAKE_COMMAND}" "-Dbuild=${CMAKE_BINARY_DIR}"
    "-Dconfig=$<CONFIG>" -P "${state}.include${suffix}.cmake")
  set_tests_properties("${arg_NAME}.build" PROPERTIES LABELS container
    FIXTURES_SETUP "slipway:${arg_NAME}" RESOURCE_LOCK "slipway:${CMAKE_BINARY_DIR}")
endfunction()
