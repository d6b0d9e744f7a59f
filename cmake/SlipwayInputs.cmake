# SlipwayInputs.cmake - the depfile of an image that is made from this build tree.
#
#   cmake -Dtree=<dir> -Dinstall=<dir> -Dconfig=<config> -Dcomponents=<name>,... -Dstamp=<file>
#         -Dplay=ON|OFF -Drecipe=<file> -Draw=<depfile of the helper> -Ddepfile=<file to write> -P SlipwayInputs.cmake
#
# The helper names what it read; within the build tree that is everything, this rule's own outputs
# and the generator's logs included. What counts there is what the install scripts install. So the
# scripts run with a file() that notes the sources and does nothing, and execute_process() likewise.
# A script that cannot be played this way costs exactness, not the build. Of git's own files, those
# that say which commit is checked out count.
cmake_minimum_required(VERSION 3.20...3.31)

if(playing)
  function(file)
    if(ARGV0 STREQUAL "INSTALL")
      cmake_parse_arguments(PARSE_ARGV 1 arg "" "DESTINATION;TYPE" "FILES;PERMISSIONS;PATTERN")
      foreach(path IN LISTS arg_FILES CMAKE_CURRENT_LIST_FILE)
        _file(APPEND "${playing}" "${path}\n")
      endforeach()
    endif()
  endfunction()
  function(execute_process)
  endfunction()
  set(CMAKE_INSTALL_CONFIG_NAME "${config}")
  if(component)
    set(CMAKE_INSTALL_COMPONENT "${component}")
  endif()
  include("${install}/cmake_install.cmake")
  return()
endif()

set(inputs "${recipe}") # Ninja takes a depfile without a dependency for a missing one
file(REMOVE "${depfile}.list")
string(REPLACE "," ";" components "${components}")
if(NOT play)
  set(components "")
elseif(NOT components)
  set(components "-")
endif()
foreach(component IN LISTS components)
  string(REGEX REPLACE "^-$" "" component "${component}")
  execute_process(COMMAND "${CMAKE_COMMAND}" "-Dplaying=${depfile}.list" "-Dinstall=${install}"
      "-Dconfig=${config}" "-Dcomponent=${component}" -P "${CMAKE_CURRENT_LIST_FILE}"
    OUTPUT_QUIET ERROR_QUIET)
endforeach()
if(EXISTS "${depfile}.list")
  file(STRINGS "${depfile}.list" installed ENCODING UTF-8)
  file(REMOVE "${depfile}.list")
  foreach(path IN LISTS installed)
    if(IS_DIRECTORY "${path}") # a new file shows only in the directory that it is in
      file(GLOB_RECURSE below LIST_DIRECTORIES true "${path}/*")
      string(REGEX REPLACE "/$" "" path "${path}")
      list(APPEND inputs "${path}" ${below})
    elseif(EXISTS "${path}")
      list(APPEND inputs "${path}")
    endif()
  endforeach()
endif()
if(play)
  list(APPEND inputs "${install}/cmake_install.cmake")
endif()

if(raw AND EXISTS "${raw}")
  file(READ "${raw}" read)
  string(REGEX REPLACE "^[^\n]*[^\\]:[ \t]+" "" read "${read}")
  string(REPLACE "\\\n" " " read "${read}")
  string(REPLACE "\\ " "\t" read "${read}")
  string(REGEX REPLACE "[ \n]+" ";" read "${read}")
  string(REPLACE "\t" " " read "${read}")
  foreach(path IN LISTS read)
    string(FIND "${path}/" "${tree}/" at)
    if(path MATCHES "/\\.git/(.*/)?(HEAD|config)$"
        OR (NOT path STREQUAL "" AND NOT at EQUAL 0 AND NOT "${path}/" MATCHES "/\\.git/"))
      list(APPEND inputs "${path}")
    endif()
  endforeach()
endif()

list(REMOVE_DUPLICATES inputs)
list(SORT inputs)
set(text "")
foreach(path IN LISTS inputs)
  string(REPLACE " " "\\ " path "${path}")
  string(REPLACE "#" "\\#" path "${path}")
  string(REPLACE "$" "$$" path "${path}")
  string(APPEND text " \\\n  ${path}")
endforeach()
string(REPLACE " " "\\ " stamp "${stamp}")
file(WRITE "${depfile}" "${stamp}:${text}\n")
