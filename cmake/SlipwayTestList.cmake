# SlipwayTestList.cmake - the tests of a build tree become tests in an image. Read by ctest when it
# starts (TEST_INCLUDE_FILES), and by the test that builds them, with `build` set.
#
#   slipway_ctest, slipway_tree, slipway_config   what to ask
#   slipway_list     where the answer is kept
#   slipway_rows     the tests that are written
#   slipway_command  what writes them

cmake_policy(PUSH)
cmake_policy(VERSION 3.20)

if(DEFINED build)
  execute_process(COMMAND "${CMAKE_COMMAND}" --build "${build}" --config "${config}"
    RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "The build tree does not build.")
  endif()
endif()

# The ctest that is asked reads this file, too. A helper that is a target of this very build may not
# be there yet.
list(GET slipway_command 0 slipway_program)
if(NOT DEFINED ENV{SLIPWAY_LISTS_TESTS} AND EXISTS "${slipway_program}")
  set(ENV{SLIPWAY_LISTS_TESTS} 1)
  set(slipway_configuration "")
  if(slipway_config)
    set(slipway_configuration -C "${slipway_config}")
  endif()
  execute_process(COMMAND "${slipway_ctest}" --show-only=json-v1 ${slipway_configuration}
    WORKING_DIRECTORY "${slipway_tree}" OUTPUT_VARIABLE slipway_answer RESULT_VARIABLE slipway_failed)
  unset(ENV{SLIPWAY_LISTS_TESTS})
  if(NOT slipway_failed)
    string(RANDOM LENGTH 8 slipway_new)
    file(WRITE "${slipway_list}.${slipway_new}" "${slipway_answer}")
    file(RENAME "${slipway_list}.${slipway_new}" "${slipway_list}")
    execute_process(COMMAND ${slipway_command} --write "${slipway_rows}"
      RESULT_VARIABLE slipway_failed)
  endif()
  if(slipway_failed)
    message(SEND_ERROR "The tests of ${slipway_tree} cannot be listed: ${slipway_failed}")
  elseif(NOT DEFINED build)
    include("${slipway_rows}")
  endif()
endif()

cmake_policy(POP)
