# SlipwayRecipe.cmake - text of a recipe. Each function appends one key to the variable `text` of
# its caller, and nothing when there is no value. Generator expressions are left as they are;
# file(GENERATE) works them out. PARSE_ARGV keeps a semicolon within an item where ARGN would not.

function(_slipway_scalar key value)
  if(NOT value STREQUAL "")
    set(text "${text}${key} = ${value}\n" PARENT_SCOPE)
  endif()
endfunction()

# White space separates the items; those that need it are quoted as in a shell.
function(_slipway_words key)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "")
  set(line "")
  foreach(word IN LISTS arg_UNPARSED_ARGUMENTS)
    _slipway_quote("${word}" word)
    string(APPEND line " ${word}")
  endforeach()
  if(NOT line STREQUAL "")
    set(text "${text}${key} =${line}\n" PARENT_SCOPE)
  endif()
endfunction()

# One item per line, taken as it stands.
function(_slipway_lines key)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "")
  set(lines "")
  foreach(line IN LISTS arg_UNPARSED_ARGUMENTS)
    string(REPLACE "\n" "\n      " line "${line}")
    string(APPEND lines "    ${line}\n")
  endforeach()
  if(NOT lines STREQUAL "")
    set(text "${text}${key} =\n${lines}" PARENT_SCOPE)
  endif()
endfunction()

# A command, as the JSON array that Dockerfiles call the exec form.
function(_slipway_command key)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "")
  set(array "")
  foreach(word IN LISTS arg_UNPARSED_ARGUMENTS)
    string(REPLACE "\\" "\\\\" word "${word}")
    string(REPLACE "\"" "\\\"" word "${word}")
    string(REPLACE "\n" "\\n" word "${word}")
    string(REPLACE "\t" "\\t" word "${word}")
    string(APPEND array ", \"${word}\"")
  endforeach()
  if(NOT array STREQUAL "")
    string(SUBSTRING "${array}" 2 -1 array)
    set(text "${text}${key} = [${array}]\n" PARENT_SCOPE)
  endif()
endfunction()

# One word for a POSIX shell.
function(_slipway_quote word ret)
  if(NOT word MATCHES "^[A-Za-z0-9_./:+=@%,-]+$" AND NOT word MATCHES "^\\$<.*>$")
    string(REPLACE "'" "'\\''" word "${word}")
    set(word "'${word}'")
  endif()
  set(${ret} "${word}" PARENT_SCOPE)
endfunction()
