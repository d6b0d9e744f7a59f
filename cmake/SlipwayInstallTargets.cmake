# SlipwayInstallTargets.cmake - installs some targets of a build tree and nothing else, from inside
# the sandbox: cmake -P <image>-install.cmake, which sets
#
#   slipway_tree, slipway_config, slipway_prefix, slipway_components, slipway_targets,
#   slipway_artifacts_<target>, slipway_kind_<target>, slipway_files, slipway_destination
#
# and includes this. Components are installed whole. For targets, `cmake --install` would want
# every other target built; so the project's own install scripts run, with a file(INSTALL) that
# skips the artifacts of other targets, and all that is no target. A target that no install() names
# goes to bin or lib below the prefix.
cmake_minimum_required(VERSION 3.20...3.31)

set(slipway_names "")
foreach(slipway_target IN LISTS slipway_targets)
  foreach(slipway_artifact IN LISTS slipway_artifacts_${slipway_target})
    get_filename_component(slipway_name "${slipway_artifact}" NAME)
    list(APPEND slipway_names "${slipway_name}")
  endforeach()
endforeach()
set_property(GLOBAL PROPERTY slipway_seen "")
set(slipway_whole OFF) # a component, in which nothing is skipped

# Arguments are handed on one by one: an RPATH may be empty, a name may hold a semicolon.
function(file)
  if(ARGV0 STREQUAL "INSTALL")
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "DESTINATION;TYPE" "FILES")
    foreach(path IN LISTS arg_FILES)
      get_filename_component(name "${path}" NAME)
      if(arg_TYPE MATCHES "EXECUTABLE|LIBRARY|MODULE" AND name IN_LIST slipway_names)
        set_property(GLOBAL APPEND PROPERTY slipway_seen "${name}")
      elseif(NOT slipway_whole)
        return()
      endif()
    endforeach()
  endif()
  math(EXPR last "${ARGC} - 1")
  set(call "_file(")
  foreach(i RANGE ${last})
    string(APPEND call " [===[${ARGV${i}}]===]")
  endforeach()
  cmake_language(EVAL CODE "${call})")
  foreach(i RANGE 1 ${last}) # file(READ ... <variable>) and its like answer in a variable
    if("${ARGV${i}}" MATCHES "^[A-Za-z_][A-Za-z0-9_]*$" AND DEFINED "${ARGV${i}}")
      set("${ARGV${i}}" "${${ARGV${i}}}" PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

if(slipway_prefix)
  set(CMAKE_INSTALL_PREFIX "${slipway_prefix}")
endif()
set(CMAKE_INSTALL_CONFIG_NAME "${slipway_config}")
set(slipway_whole ON)
foreach(CMAKE_INSTALL_COMPONENT IN LISTS slipway_components)
  include("${slipway_tree}/cmake_install.cmake")
endforeach()
unset(CMAKE_INSTALL_COMPONENT)
set(slipway_whole OFF)
if(slipway_targets)
  include("${slipway_tree}/cmake_install.cmake")
endif()
if(NOT CMAKE_INSTALL_PREFIX)
  set(CMAKE_INSTALL_PREFIX "/usr/local")
endif()

get_property(slipway_seen GLOBAL PROPERTY slipway_seen)
foreach(slipway_target IN LISTS slipway_targets)
  list(GET slipway_artifacts_${slipway_target} 0 slipway_artifact)
  get_filename_component(slipway_name "${slipway_artifact}" NAME)
  if(slipway_name IN_LIST slipway_seen)
    continue()
  endif()
  set(slipway_directory "${CMAKE_INSTALL_PREFIX}/lib")
  if(slipway_kind_${slipway_target} STREQUAL "EXECUTABLE")
    set(slipway_directory "${CMAKE_INSTALL_PREFIX}/bin")
  endif()
  message(STATUS "${slipway_target} has no install rule; it goes to ${slipway_directory}")
  list(REMOVE_DUPLICATES slipway_artifacts_${slipway_target})
  _file(INSTALL DESTINATION "${slipway_directory}" TYPE ${slipway_kind_${slipway_target}}
    FILES ${slipway_artifacts_${slipway_target}})
  if(NOT slipway_kind_${slipway_target} STREQUAL "STATIC_LIBRARY")
    # The build tree does not exist where this will run.
    _file(RPATH_REMOVE FILE "$ENV{DESTDIR}${slipway_directory}/${slipway_name}")
  endif()
endforeach()

if(slipway_files)
  if(NOT IS_ABSOLUTE "${slipway_destination}")
    set(slipway_destination "${CMAKE_INSTALL_PREFIX}/${slipway_destination}")
  endif()
  _file(INSTALL DESTINATION "${slipway_destination}" TYPE FILE USE_SOURCE_PERMISSIONS
    FILES ${slipway_files})
endif()
