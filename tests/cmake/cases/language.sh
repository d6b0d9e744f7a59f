# find_package() enables no language, may be said twice, and says which Slipway it found.
project NONE <<'END'
find_package(Slipway REQUIRED)
get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
message(STATUS "languages: '${languages}' ${Slipway_FOUND} ${Slipway_EXECUTABLE}")
if(NOT TARGET Slipway::slipway OR NOT Slipway_VERSION)
  message(FATAL_ERROR "incomplete")
endif()
END
configure
has "$work/log" "languages: 'NONE' 1 $here/stub"
